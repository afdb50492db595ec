// A menu that opens beside what opens it, above everything else; Escape or a click elsewhere closes it.
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";

const GAP = 4;

/**
 * @param {{current: HTMLElement|null}} opener
 * @param {{opened?: () => void, closed?: () => void, isToLeft?: boolean}} [on]
 *   to the left: it ends where the opener ends
 * @returns {{opens: object, own: object, hide: () => void, isOpen: boolean}}
 *   `opens` and `own` are the attributes of the button and of the menu
 */
export function usePopover(opener, on = {}) {
  const id = useId();
  const menu = useRef(null);
  const [isOpen, setOpen] = useState(false);
  const again = () => lay(menu.current, opener.current, on.isToLeft);
  useLayoutEffect(() => {
    if (isOpen) again();
  });
  useEffect(() => {
    if (!isOpen) return undefined;
    const scrolled = ({ target }) => !menu.current.contains(target) && again();
    addEventListener("scroll", scrolled, true);
    return () => removeEventListener("scroll", scrolled, true);
  }, [isOpen]);
  const toggled = ({ newState }) => {
    setOpen(newState === "open");
    if (newState === "open") on.opened?.();
    else on.closed?.();
  };
  return {
    opens: { popovertarget: id, onKeyDown: isOpen ? escape : undefined },
    own: { id, popover: "auto", ref: menu, onToggle: toggled, onKeyDown: escape },
    hide: () => menu.current.hidePopover(),
    isOpen,
  };
}

/** Escape closes the menu and nothing else. */
function escape(event) {
  if (event.key === "Escape") event.stopPropagation();
}

/** Below the opener, or above it where there is more room; never past an edge of the window. */
function lay(menu, opener, isToLeft) {
  const { left, right, top, bottom } = opener.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = innerHeight - bottom >= height + GAP || innerHeight - bottom >= top;
  const x = isToLeft || left + width > innerWidth - GAP ? right - width : left;
  menu.style.left = `${Math.max(GAP, Math.min(x, innerWidth - width - GAP))}px`;
  menu.style.top = `${Math.max(GAP, below ? bottom + GAP : top - height - GAP)}px`;
}
