// Emoji by the names that people type between colons; the common ones, others stay as they are typed.

const TABLE = `
+1👍 -1👎 100💯 alarm_clock⏰ ambulance🚑 arrows_counterclockwise🔄 art🎨 bar_chart📊 beetle🐞 bell🔔 bomb💣 book📖 books📚
boom💥 bug🐛 building_construction🏗️ bulb💡 cake🍰 calendar📅 chart_with_downwards_trend📉 chart_with_upwards_trend📈
checkered_flag🏁 clap👏 clipboard📋 cloud☁️ coffee☕ computer💻 construction🚧 construction_worker👷 dart🎯 eight8️⃣
envelope✉️ exclamation❗ eyes👀 face_palm🤦 file_folder📁 fire🔥 five5️⃣ floppy_disk💾 four4️⃣ gear⚙️ gem💎
green_circle🟢 hammer🔨 hammer_and_wrench🛠️ handshake🤝 heart❤️ heavy_check_mark✔️ heavy_exclamation_mark❗
heavy_minus_sign➖ heavy_plus_sign➕ hourglass⌛ hourglass_flowing_sand⏳ inbox_tray📥 information_sourceℹ️ joy😂 key🔑
label🏷️ large_blue_circle🔵 large_green_circle🟢 large_orange_circle🟠 large_red_square🟥 large_yellow_circle🟡 link🔗
lock🔒 loudspeaker📢 mag🔍 mega📣 memo📝 muscle💪 new🆕 nine9️⃣ no_entry⛔ no_entry_sign🚫 ok🆗 ok_hand👌 one1️⃣
open_file_folder📂 orange_circle🟠 outbox_tray📤 package📦 paperclip📎 partying_face🥳 pencil2✏️ point_right👉 poop💩
pray🙏 punch👊 pushpin📌 question❓ raised_hands🙌 recycle♻️ red_circle🔴 repeat🔁 robot_face🤖 rocket🚀 rotating_light🚨
scroll📜 seedling🌱 seven7️⃣ shield🛡️ ship🚢 shrug🤷 six6️⃣ skull💀 slightly_smiling_face🙂 smile😄 smiley😃 sparkles✨
star⭐ stop_sign🛑 stopwatch⏱️ sunglasses😎 sunny☀️ tada🎉 ten🔟 test_tube🧪 thinking_face🤔 thumbsdown👎 thumbsup👍
three3️⃣ tools🛠️ trash🗑️ trophy🏆 truck🚚 two2️⃣ unlock🔓 warning⚠️ wastebasket🗑️ wave👋 whale🐳 white_check_mark✅
white_circle⚪
wink😉 wrench🔧 x❌ zap⚡ zero0️⃣`;

const SIGNS = new Map(
  TABLE.trim().split(/\s+/).map((entry) => {
    const [, name, sign] = /^([+-]?[a-z0-9_]*?[a-z0-9_])((?:[0-9#]\uFE0F)?[^a-z0-9_]+)$/.exec(entry);
    return [name, sign];
  }),
);

/** @param {string} name  without colons @returns {string|undefined} */
export const emoji = (name) => SIGNS.get(name.split("::")[0]);

/** `:tada: done` → `🎉 done`. @param {string} text @returns {string} */
export const withEmoji = (text) =>
  text.replace(/:([a-z0-9_+-]+(?:::skin-tone-\d)?):/g, (typed, name) => emoji(name) ?? typed);
