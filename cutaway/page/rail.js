/** Where the page is so narrow that sections are closed until they are asked for. */
const NARROW = matchMedia("(max-width: 40rem)");

/** Where the list of sections is a column beside them. */
const WIDE = matchMedia("(min-width: 75rem)");

/** The list of sections that stays: it says where the reader is, and opens a section that is closed. */
export function startRail() {
  const rail = /** @type {HTMLDetailsElement | null} */ (document.querySelector(".rail"));
  if (!rail) return;
  const arrange = () => {
    rail.open = WIDE.matches;
  };
  arrange();
  WIDE.addEventListener("change", arrange);
  const folds = /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll(".fold"));
  // the map stays open: what is drawn and selected there is what the page is for
  if (NARROW.matches) for (const fold of folds) fold.open = Boolean(fold.querySelector("[data-explorer]"));
  const open = (/** @type {string} */ hash) => showPart(/^#[\w-]+/.exec(hash)?.[0].slice(1) ?? "");
  open(location.hash);
  addEventListener("hashchange", () => open(location.hash));
  document.addEventListener("click", ({ target }) => {
    const link = /** @type {Element} */ (target).closest("a");
    if (!link?.hash) return;
    open(link.hash); // also where the address has it already
    if (rail.contains(link) && !WIDE.matches) rail.open = false;
  });
  markCurrent(rail);
}

/**
 * Open the section that is, or holds, the element with this id if it is closed, and go there.
 * @param {string} id
 * @param {{ always?: boolean }} [how] whether to go there also where it is open
 */
export function showPart(id, { always = false } = {}) {
  const target = document.getElementById(id);
  const isSection = target?.matches("section");
  let isClosed = false;
  for (
    let fold = /** @type {HTMLDetailsElement | null | undefined} */ (isSection ? target?.querySelector(":scope > .fold") : target?.closest("details"));
    fold;
    fold = fold.parentElement?.closest("details")
  ) {
    isClosed ||= !fold.open;
    fold.open = true;
  }
  if (isClosed || always) target?.scrollIntoView();
}

/** @param {Element} rail whose link to the last section that reaches the upper part of the window is marked */
function markCurrent(rail) {
  const links = new Map([...rail.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  const seen = new Set();
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) seen[isIntersecting ? "add" : "delete"](target.id);
      const current = [...links.keys()].findLast((name) => seen.has(name));
      if (!current) return;
      for (const [name, link] of links) {
        if (name === current) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    },
    { rootMargin: "0px 0px -60% 0px" },
  );
  for (const name of links.keys()) {
    const section = document.getElementById(name);
    if (section) watch.observe(section);
  }
}
