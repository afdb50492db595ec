"""Block Kit as it is drawn, and as it is used: the app hears what was pressed and chosen."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect

from local_slack import Settings, Workspace
from tests.page.conftest import Open
from tests.page.sample_blocks import (
    actions,
    button,
    chosen,
    confirm,
    field,
    layout,
    mrkdwn,
    option,
    pressed,
    rich_text,
    section,
)
from tests.page.sampler import Sampler

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def settings() -> Settings:
    """An app may post at once all that a test looks at, and is given up soon."""
    return Settings(rate_limits=False, ack_within=1.0)


async def serious(page: Page) -> list[str]:
    """What axe finds that hinders people: https://github.com/dequelabs/axe-core"""
    results = await Axe().run(page)
    found = results.response["violations"]
    return [
        f"{one['id']}: {[node['html'][:200] for node in one['nodes']]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def beside(message: Locator, words: str) -> Locator:
    """What stands beside the section with these words."""
    return message.locator(".section", has_text=words).locator(".accessory")


async def test_layout_blocks_and_mrkdwn_are_drawn(open_window: Open, sampler: Sampler) -> None:
    await sampler.post(layout())
    window = await open_window()
    message, page = window.messages.last, window.page
    await expect(message.get_by_role("heading")).to_have_text("Release 2.0 🚀 is ready")
    first = message.locator(".section").first
    for tag, words in {"b": "Bold", "i": "italic", "s": "struck", "code": "code"}.items():
        await expect(first.locator(tag).first).to_have_text(words)
    await expect(first).to_contain_text("@bob, #releases, @releasers, @here, 🎉")
    await expect(first).to_contain_text(":no_such_emoji: <b>, sent 2023-11-1")
    await expect(first.locator("blockquote")).to_have_text("a quote with bold in it")
    await expect(first.locator("pre")).to_have_text("a code block\n  *stays* as it is")
    link = first.get_by_role("link", name="a link")
    await expect(link).to_have_attribute("href", "https://example.com/a?b=1&c=2")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(message).to_contain_text("*plain* stays plain")
    await expect(message.get_by_role("separator")).to_have_count(1)
    await expect(message).to_contain_text("Asked for by @carol")

    long = message.locator(".words", has_text="Sentence 0")
    low = await long.evaluate("(words) => words.clientHeight")
    await message.get_by_role("button", name="See more").click()
    less = message.get_by_role("button", name="See less")
    await expect(less).to_have_attribute("aria-expanded", "true")
    assert await long.evaluate("(words) => words.clientHeight") > low + 50
    widest = "document.documentElement.scrollWidth <= innerWidth"
    assert await page.evaluate(widest)
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await message.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    assert await page.evaluate(widest)


async def test_rich_text_is_drawn(open_window: Open, sampler: Sampler) -> None:
    await sampler.post([rich_text()])
    window = await open_window()
    rich = window.messages.last.locator(".rich")
    await expect(rich.locator("b > i, i > b")).to_have_text("both")
    await expect(rich.locator("code")).to_have_text("<code>")
    await expect(rich).to_contain_text("@bob #shop @releasers @channel 🚢 #0b6e8a 2023-11-1")
    await expect(rich.locator("ol li")).to_have_text(["first", "second"])
    await expect(rich.locator("ul li")).to_have_text("below the second")
    await expect(rich.locator("blockquote")).to_have_text("A rich quote")
    await expect(rich.locator("pre")).to_have_text("docker pull shop/web:2")


async def test_text_from_outside_stays_text(open_window: Open, sampler: Sampler) -> None:
    html = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    escaped = html.replace("<", "&lt;").replace(">", "&gt;")
    odd = [
        section(f"`{escaped}` {escaped} <javascript:alert(1)|click> <data:text/html,x|here>"),
        section("one \u202e two \u2066 three <"),
        {"type": "header", "text": {"type": "plain_text", "text": html}},
        {"type": "context", "elements": [mrkdwn(f"*{escaped}*")]},
        actions(button("odd", html), block_id="odd"),
        section("<https://example.com|*bold* https://evil.example> 2*3 * 4 _d_e", verbatim=True),
    ]
    del odd[-1]["verbatim"]
    odd[-1]["text"]["verbatim"] = True
    odd.append(section("See https://example.com/a, #shop. and *https://example.com*"))
    await sampler.post(odd)
    window = await open_window()
    message = window.messages.last
    await expect(message.get_by_role("heading")).to_have_text(html)
    await expect(message.locator("code")).to_have_text(html)
    await expect(message.get_by_role("button", name=html)).to_be_visible()
    await expect(message.locator("script, img, iframe")).to_have_count(0)
    await expect(message.locator("a[href^='javascript'], a[href^='data']")).to_have_count(0)
    await expect(message.locator(".section").nth(1).locator(".text")).to_have_css(
        "unicode-bidi", "isolate"
    )
    labelled, bare = (message.locator(".section").nth(at) for at in (2, 3))
    await expect(labelled.get_by_role("link")).to_have_text("bold https://evil.example")
    await expect(labelled).to_contain_text("2*3 * 4 _d_e")
    await expect(bare.get_by_role("link")).to_have_text(
        ["https://example.com/a", "#shop", "https://example.com"]
    )


async def test_buttons_tell_the_app_and_ask_before(open_window: Open, sampler: Sampler) -> None:
    await sampler.post(pressed(sampler.link))
    window = await open_window()
    message, page = window.messages.last, window.page
    await message.get_by_role("button", name="Look").click()
    assert (await sampler.action("default"))["value"] == "look-1"

    deploy = message.get_by_role("button", name="Deploy")
    question = page.get_by_role("dialog", name="Deploy to production?")
    await deploy.click()
    await expect(question).to_contain_text("shop/web:2 replaces shop/web:1 for everybody.")
    await question.get_by_role("button", name="Not yet").click()
    await expect(question).to_have_count(0)
    await deploy.click()
    await page.keyboard.press("Escape")
    await expect(question).to_have_count(0)
    await expect(deploy).to_be_focused()
    await deploy.press("Enter")
    await question.get_by_role("button", name="Deploy").click()
    assert (await sampler.action("danger"))["value"] == "now"
    assert len([one for one in sampler.heard if one["actions"][0]["action_id"] == "danger"]) == 1

    async with page.expect_popup() as popup:
        await message.get_by_role("link", name="Open the link").click()
    assert await (await popup.value).evaluate("opener") is None
    assert (await sampler.action("link"))["value"] == "went"

    sampler.silent.add("primary")
    approve = message.get_by_role("button", name="Approve")
    await approve.click()
    await expect(approve).to_have_attribute("aria-busy", "true")
    await expect(message.get_by_role("alert")).to_contain_text("operation_timeout")
    sampler.silent.clear()
    await approve.click()
    await expect(message.get_by_role("alert")).to_have_count(0)


async def test_menus_with_one_choice(open_window: Open, sampler: Sampler) -> None:
    await sampler.post(chosen())
    window = await open_window()
    message, page = window.messages.last, window.page
    await beside(message, "Which image?").get_by_role("combobox").select_option("Api")
    assert (await sampler.action("static"))["selected_option"]["value"] == "api"
    await message.get_by_label("Choose a host").select_option("Plum")
    assert (await sampler.action("grouped"))["selected_option"]["value"] == "plum"
    await message.get_by_label("Choose somebody").select_option("Carol Clark")
    assert (await sampler.action("user"))["selected_user"] == "U0CAROL"
    channels = message.get_by_label("Choose a channel")
    await expect(channels.get_by_role("option", name="#releases")).to_have_count(0)
    await channels.select_option("#general")
    assert (await sampler.action("channel"))["selected_channel"] == "C0GENERAL"
    await message.get_by_label("Choose a conversation").select_option("#releases")
    assert (await sampler.action("conversation"))["selected_conversation"] == "C0RELEASE"

    tags = message.get_by_role("combobox", name="Search a tag")
    await tags.click()
    search = message.get_by_role("combobox", name="Search", exact=True)
    await expect(search).to_be_focused()
    await expect(message.get_by_text("Type 2 characters or more")).to_be_visible()
    await search.fill("2.")
    await expect(message.locator("[role=option]")).to_have_text(["2.0", "2.0-rc1"])
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    assert (await sampler.action("external"))["selected_option"]["value"] == "2.0-rc1"
    await expect(tags).to_have_text("2.0-rc1")
    await expect(tags).to_be_focused()
    await tags.click()
    await search.fill("9.9")
    await expect(message.get_by_text("Nothing fits")).to_be_visible()
    sampler.silent.add("external")
    await search.fill("2.0")
    await expect(message.get_by_text("operation_timeout")).to_be_visible()


async def test_menus_with_several_choices(open_window: Open, sampler: Sampler) -> None:
    await sampler.post(chosen())
    window = await open_window()
    message, page = window.messages.last, window.page
    colours = beside(message, "Several at once")
    await colours.get_by_role("combobox", name="Choose colours").click()
    offered = colours.get_by_role("option")
    await expect(offered).to_have_text(["Amber", "Blue", "Cyan"])
    await offered.nth(1).click()
    await expect(offered.nth(2)).to_have_attribute("aria-disabled", "true")
    await page.keyboard.press("Escape")
    picked = (await sampler.action("many"))["selected_options"]
    assert [one["value"] for one in picked] == ["amber", "blue"]
    await colours.get_by_role("button", name="Remove Amber").click()
    picked = (await sampler.action("many", 2))["selected_options"]
    assert [one["value"] for one in picked] == ["blue"]

    people = beside(message, "Several people")
    await people.get_by_role("combobox", name="Choose people").click()
    search = people.get_by_role("combobox", name="Search", exact=True)
    await search.fill("release")
    await expect(people.get_by_text("Nothing fits")).to_be_visible()
    await search.fill("da")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    assert (await sampler.action("many_users"))["selected_users"] == ["U0DAVE"]

    tags = beside(message, "Several tags")
    await tags.get_by_role("combobox", name="Search tags").click()
    await tags.get_by_role("combobox", name="Search", exact=True).fill("2.0")
    await tags.get_by_role("option", name="2.0-rc1").click()
    await page.keyboard.press("Escape")
    await expect(tags.get_by_role("button", name="Remove 2.0-rc1")).to_be_visible()
    picked = (await sampler.action("many_tags"))["selected_options"]
    assert [one["value"] for one in picked] == ["2.0-rc1"]


async def test_pickers_checkboxes_and_radio_buttons(open_window: Open, sampler: Sampler) -> None:
    await sampler.post(chosen())
    window = await open_window()
    message = window.messages.last
    date = message.get_by_label("Date", exact=True)
    await expect(date).to_have_value("2026-11-24")
    await date.fill("2026-12-01")
    assert (await sampler.action("date"))["selected_date"] == "2026-12-01"
    await date.press("ArrowUp")
    await date.press("Enter")
    assert (await sampler.action("date", 2))["selected_date"] != "2026-12-01"

    await message.get_by_label("Notify").check()
    picked = (await sampler.action("checks"))["selected_options"]
    assert [one["value"] for one in picked] == ["scan", "notify"]
    await message.get_by_label("Slow").check()
    assert (await sampler.action("radios"))["selected_option"]["value"] == "slow"
    state = sampler.heard[-1]["state"]["values"]
    assert len(state["boxes"]["checks"]["selected_options"]) == 2


async def test_inputs_of_a_message_go_along_with_its_button(
    open_window: Open, sampler: Sampler
) -> None:
    typed = {"type": "plain_text_input"}
    told = {"type": "plain_text_input", "dispatch_action_config": _ON_ENTER}
    dated = {"type": "static_select", "options": [option("Now"), option("Later")]}
    asking = {**dated, "confirm": confirm()}
    await sampler.post(
        [
            field("why", "Why", typed),
            field("said", "Say", told, dispatch_action=True),
            field("when", "When", asking, dispatch_action=True),
            actions(button("go", "Go"), block_id="going"),
        ]
    )
    window = await open_window()
    message, page = window.messages.last, window.page
    await message.get_by_label("Why").fill("because")
    await message.get_by_label("Say").fill("hello")
    await message.get_by_label("Say").press("Enter")
    assert (await sampler.action("said"))["value"] == "hello"
    when = message.get_by_label("When")
    await when.select_option("Later")
    await page.get_by_role("button", name="Not yet").click()
    await expect(when).to_have_value("")
    await message.get_by_role("button", name="Go").click()
    await sampler.action("go")
    assert sampler.heard[-1]["state"]["values"]["why"]["why"]["value"] == "because"


_ON_ENTER = {"trigger_actions_on": ["on_enter_pressed"]}


async def test_an_edit_in_place_leaves_the_focus_where_it_is(
    open_window: Open, sampler: Sampler
) -> None:
    bar = section("`█░░░`")
    cancel = {"type": "actions", "elements": [button("cancel", "Cancel")]}
    ts = await sampler.post([bar, cancel])
    window = await open_window()
    button_here = window.messages.last.get_by_role("button", name="Cancel")
    await button_here.focus()
    blocks = [section("`██░░`"), section("Two of four"), cancel]
    await sampler.web.chat_update(channel="C0SHOP", ts=ts, text="Half", blocks=blocks)
    await expect(window.messages.last).to_contain_text("Two of four")
    await expect(button_here).to_be_focused()


async def test_the_focus_stays_at_a_message_whose_buttons_go(
    open_window: Open, sampler: Sampler
) -> None:
    vote = actions(button("vote", "Approve", confirm=confirm()), block_id="voting")
    ts = await sampler.post([vote])
    window = await open_window()
    await window.messages.last.get_by_role("button", name="Approve").press("Enter")
    dialog = window.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Deploy").press("Enter")
    await sampler.action("vote")
    approved = [section("Approved")]
    await sampler.web.chat_update(channel="C0SHOP", ts=ts, text="Approved", blocks=approved)
    await expect(window.messages.last).to_contain_text("Approved")
    await expect(window.messages.last).to_be_focused()


async def test_the_home_tab_is_drawn_and_used(
    open_window: Open, sampler: Sampler, workspace: Workspace
) -> None:
    await workspace.person("U0BOB").direct_message("hello")
    window = await open_window("bob")
    page = window.page
    await page.get_by_role("navigation").get_by_role("link", name="Quaymaster").click()
    await page.get_by_role("tab", name="Home").click()
    home = page.get_by_role("region", name="Home")
    await expect(home.get_by_role("heading")).to_have_text("Your page")
    await home.get_by_role("button", name="Look again").click()
    assert (await sampler.action("home"))["value"] == "home-1"


async def test_nothing_in_the_samples_hinders_people(open_window: Open, sampler: Sampler) -> None:
    await sampler.post_everything()
    window = await open_window()
    page = window.page
    await expect(window.messages).to_have_count(5)
    await window.messages.last.scroll_into_view_if_needed()

    async def scanned() -> list[str]:
        found = []
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            found += [f"{scheme}: {one}" for one in await serious(page)]
        return found

    assert await scanned() == []
    await page.get_by_role("combobox", name="Choose colours").click()
    await expect(page.get_by_role("option", name="Blue")).to_be_visible()
    assert await scanned() == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Open a form").click()
    await expect(page.get_by_role("dialog", name="A form")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    assert await scanned() == []
