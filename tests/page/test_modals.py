"""Modals: filled in, refused, changed, stacked and closed."""

from __future__ import annotations

import pytest
import pytest_asyncio
from playwright.async_api import FilePayload, Locator, expect

from local_slack import Settings
from tests.page.conftest import Open
from tests.page.sample_blocks import actions, button
from tests.page.sampler import Sampler
from tests.page.window import Window

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def settings() -> Settings:
    """An app is given up soon."""
    return Settings(rate_limits=False, ack_within=1.0)


@pytest_asyncio.fixture(loop_scope="session")
async def sampler(sampler: Sampler) -> Sampler:
    """The app, with a button that opens a form."""
    await sampler.post([actions(button("open", "Open a form"), block_id="opening")])
    return sampler


async def form(window: Window) -> Locator:
    """The form, opened."""
    await window.page.get_by_role("button", name="Open a form").click()
    dialog = window.page.get_by_role("dialog", name="A form")
    await expect(dialog.get_by_label("Name")).to_be_focused()
    return dialog


async def fill_in(dialog: Locator, name: str) -> None:
    """Put in what is required, and submit it."""
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_label("Environment").select_option("Live")
    await dialog.get_by_label("Fast").check()
    await dialog.get_by_role("button", name="Save").click()


async def test_everything_that_is_put_in_arrives(open_window: Open, sampler: Sampler) -> None:
    window = await open_window()
    dialog = await form(window)
    await dialog.get_by_label("Note").fill("two\nlines")
    await dialog.get_by_label("Email").fill("bob@example.com")
    await dialog.get_by_label("Address").fill("https://example.com/")
    await dialog.get_by_label("Copies").fill("3")
    await dialog.get_by_label("Story").fill("Once")
    file = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"three words here")
    await dialog.get_by_label("Attachment").set_input_files(file)
    await dialog.get_by_role("combobox", name="Tag").click()
    await dialog.get_by_role("option", name="1.9").click()
    await dialog.get_by_role("combobox", name="Reviewers").click()
    await dialog.get_by_role("option", name="Carol Clark").click()
    await window.page.keyboard.press("Escape")
    await dialog.get_by_label("Day").fill("2026-12-01")
    await dialog.get_by_label("Notify").check()
    await fill_in(dialog, "shop")
    await expect(dialog).to_be_hidden()
    await expect(window.page.get_by_role("button", name="Open a form")).to_be_focused()
    values = (await sampler.delivery("view_submission"))["view"]["state"]["values"]
    put = {name: entry[name] for name, entry in values.items()}
    assert put["name"]["value"] == "shop"
    assert put["note"]["value"] == "two\nlines"
    assert (put["mail"]["value"], put["site"]["value"], put["copies"]["value"]) == (
        "bob@example.com",
        "https://example.com/",
        "3",
    )
    assert put["text"]["rich_text_value"]["elements"][0]["elements"][0]["text"] == "Once"
    assert put["file"]["files"][0]["name"] == "notes.txt"
    assert put["where"]["selected_option"]["value"] == "live"
    assert put["tag"]["selected_option"]["value"] == "1.9"
    assert put["who"]["selected_users"] == ["U0CAROL"]
    assert put["day"]["selected_date"] == "2026-12-01"
    assert put["how"]["selected_option"]["value"] == "fast"
    assert [one["value"] for one in put["also"]["selected_options"]] == ["notify"]


async def test_what_is_wrong_is_said_at_the_input(open_window: Open, sampler: Sampler) -> None:
    window = await open_window()
    dialog = await form(window)
    name = dialog.get_by_label("Name")
    await dialog.get_by_label("Copies").fill("12")
    await dialog.get_by_role("button", name="Save").click()
    await expect(name).to_be_focused()
    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(name).to_have_accessible_description(
        "As it stands in the registry Please fill in this field."
    )
    await expect(dialog.locator(".error")).to_have_count(4)  # copies, environment and how as well
    await dialog.get_by_label("Copies").fill("2")
    await expect(dialog.locator(".error")).to_have_count(3)

    await fill_in(dialog, "wrong")
    await expect(dialog.locator(".error")).to_have_text(["That name is taken."])
    await expect(name).to_be_focused()
    await name.fill("better")
    await expect(dialog.locator(".error")).to_have_count(0)
    await expect(dialog.get_by_label("Copies")).to_have_value("2")
    await name.press("Enter")
    await expect(dialog).to_be_hidden()
    values = (await sampler.delivery("view_submission", 2))["view"]["state"]["values"]
    assert values["name"]["name"]["value"] == "better"


async def test_an_app_that_fails_is_told_of_and_nothing_is_lost(
    open_window: Open, sampler: Sampler
) -> None:
    window = await open_window()
    dialog = await form(window)
    await fill_in(dialog, "silent")
    await expect(dialog.get_by_role("button", name="Save")).to_have_attribute("aria-busy", "true")
    await expect(dialog.get_by_role("alert")).to_contain_text("operation_timeout")
    await dialog.get_by_label("Name").fill("invalid")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("must be less than 25 characters")
    await dialog.get_by_label("Email").fill("nobody@nowhere")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("mail takes an email address")
    await expect(dialog.get_by_label("Name")).to_have_value("invalid")
    assert all("409" in trouble for trouble in window.troubles)  # the browser tells of refusals
    window.troubles.clear()


async def test_what_was_put_in_stays_when_the_view_changes(
    open_window: Open, sampler: Sampler
) -> None:
    window = await open_window()
    dialog = await form(window)
    await dialog.get_by_label("Name").fill("kept")
    await dialog.get_by_label("Scan").check()
    await dialog.get_by_role("button", name="Change the form").click()
    await expect(dialog).to_contain_text("Changed meanwhile")
    await expect(dialog.get_by_role("button", name="Change the form")).to_be_focused()
    await expect(dialog.get_by_label("Name")).to_have_value("kept")
    await expect(dialog.get_by_label("Scan")).to_be_checked()
    changed = await sampler.delivery("block_actions", 2)
    assert changed["view"]["state"]["values"]["name"]["name"]["value"] == "kept"

    await fill_in(dialog, "update")
    saved = window.page.get_by_role("dialog", name="Saved")
    await expect(saved).to_contain_text("It is done.")
    await expect(saved.get_by_label("Name")).to_have_count(0)
    await window.page.keyboard.press("Escape")
    await expect(saved).to_be_hidden()
    assert (await sampler.delivery("view_closed"))["view"]["title"]["text"] == "Saved"


async def test_views_are_stacked_and_taken_off_again(open_window: Open, sampler: Sampler) -> None:
    window = await open_window()
    page = window.page
    dialog = await form(window)
    await fill_in(dialog, "push")
    pushed = page.get_by_role("dialog", name="One more")
    await expect(pushed).to_contain_text("Are you sure?")
    await pushed.get_by_role("button", name="Back").click()
    await expect(dialog.get_by_label("Name")).to_have_value("push")
    assert (await sampler.delivery("view_closed"))["view"]["title"]["text"] == "One more"
    await dialog.get_by_role("button", name="Save").click()
    await pushed.get_by_role("button", name="Cancel").click()
    await dialog.get_by_label("Name").fill("clear")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="Open a form").click()
    await expect(dialog.get_by_label("Name")).to_have_value("")
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_be_hidden()
    await sampler.delivery("view_closed", 3)
