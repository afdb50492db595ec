// Emoji by the names that people type between colons; the common ones, others stay as they are typed.

const TABLE = `
+1👍 -1👎 100💯 1234🔢 alarm_clock⏰ ambulance🚑 anchor⚓ arrow_down⬇️ arrow_left⬅️ arrow_right➡️ arrow_up⬆️
arrows_counterclockwise🔄 art🎨 bar_chart📊 beer🍺 beers🍻 beetle🐞 bell🔔 black_circle⚫ blue_heart💙 bomb💣 book📖
bookmark🔖 books📚 boom💥 bow🙇 brain🧠 broom🧹 bug🐛 building_construction🏗️ bulb💡 cake🍰 calendar📅
card_file_box🗃️ chart_with_downwards_trend📉 chart_with_upwards_trend📈 checkered_flag🏁 clap👏 clipboard📋
clock1🕐 clock3🕒 closed_lock_with_key🔐 cloud☁️ coffee☕ collision💥 computer💻 confused😕 construction🚧
construction_worker👷 cop👮 copyright©️ crab🦀 cry😢 crying_cat_face😿 crystal_ball🔮 dancer💃 dart🎯 date📅 desktop_computer🖥️
disappointed😞 dizzy💫 dog🐶 dolphin🐬 earth_americas🌎 eight8️⃣ electric_plug🔌 email📧 envelope✉️ exclamation❗
eyes👀 face_palm🤦 facepunch👊 factory🏭 fast_forward⏩ file_folder📁 fire🔥 fire_engine🚒 five5️⃣ flashlight🔦 floppy_disk💾
four4️⃣ gear⚙️ gem💎 ghost👻 gift🎁 globe_with_meridians🌐 green_circle🟢 green_heart💚 grey_exclamation❕
grey_question❔ grin😁 hammer🔨 hammer_and_wrench🛠️ handshake🤝 hankey💩 hash#️⃣ heart❤️ heart_eyes😍
heavy_check_mark✔️ heavy_exclamation_mark❗ heavy_minus_sign➖ heavy_multiplication_x✖️ heavy_plus_sign➕
hourglass⌛ hourglass_flowing_sand⏳ inbox_tray📥 information_sourceℹ️ infinity♾️ joy😂 key🔑 keyboard⌨️ label🏷️
ladybug🐞 large_blue_circle🔵 large_green_circle🟢 large_orange_circle🟠 large_red_square🟥 large_yellow_circle🟡
laughing😆 leaves🍃 link🔗 lock🔒 loudspeaker📢 mag🔍 mailbox📫 man🧑 mega📣 memo📝 microscope🔬 money_with_wings💸
muscle💪 mute🔇 neutral_face😐 new🆕 nine9️⃣ no_bell🔕 no_entry⛔ no_entry_sign🚫 ok🆗 ok_hand👌 one1️⃣
open_file_folder📂 open_mouth😮 orange_circle🟠 outbox_tray📤 package📦 paperclip📎 partying_face🥳 party_popper🎉
pause_button⏸️ pencil✏️ pencil2✏️ point_down👇 point_left👈 point_right👉 point_up☝️ poop💩 pray🙏 punch👊 purple_heart💜
pushpin📌 question❓ rabbit🐰 radioactive_sign☢️ rage😡 railway_car🚃 rainbow🌈 raised_hands🙌 recycle♻️
red_circle🔴 repeat🔁 rewind⏪ robot_face🤖 rocket🚀 rotating_light🚨 running🏃 satellite🛰️ scissors✂️ scream😱 scroll📜
seedling🌱 see_no_evil🙈 seven7️⃣ shield🛡️ ship🚢 shipit🐿️ shrug🤷 six6️⃣ skull💀 slightly_smiling_face🙂 smile😄
smiley😃 smirk😏 snail🐌 snake🐍 snowflake❄️ sob😭 sparkles✨ speech_balloon💬 star⭐ star2🌟 stop_sign🛑 stopwatch⏱️
sun_with_face🌞 sunglasses😎 sunny☀️ sweat😓 sweat_smile😅 tada🎉 ten🔟 test_tube🧪 thinking_face🤔 thought_balloon💭
three3️⃣ thumbsdown👎 thumbsup👍 timer_clock⏲️ toolbox🧰 tools🛠️ train🚋 trash🗑️ triangular_flag_on_post🚩 trophy🏆
truck🚚 turtle🐢 two2️⃣ unlock🔓 umbrella☂️ upside_down_face🙃 vertical_traffic_light🚦 v✌️ warning⚠️ wastebasket🗑️
watch⌚ wave👋 whale🐳 whale2🐋 white_check_mark✅ white_circle⚪ wink😉 woman👩 wrench🔧 writing_hand✍️ x❌
yellow_heart💛 yum😋 zap⚡ zero0️⃣ zzz💤`;

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
