/** Where the page is so narrow that sections are closed until a person opens them. */
const NARROW = matchMedia("(max-width: 40rem)");

/** Where the list of sections is a column beside them. */
const WIDE = matchMedia("(min-width: 75rem)");

/** The list of sections that stays: it says where the reader is, and opens a section that is closed. */
export function startRail() {
  const rail = /** @type {HTMLDetailsElement | null} */ (document.querySelector(".rail"));
  if (!rail) return;
  arrangeRail(rail);
  arrangeFolds(document);
  keepFolds(document);
  const open = (/** @type {string} */ hash) => showPart(/^#[\w-]+/.exec(hash)?.[0].slice(1) ?? "");
  open(location.hash);
  addEventListener("hashchange", () => open(location.hash));
  document.addEventListener("click", ({ target }) => {
    const link = /** @type {Element} */ (target).closest("a");
    if (link?.hash) open(link.hash); // also where the address has it already
  });
  markCurrent(rail);
}

/**
 * Keep the list of sections open where it is a column, and a menu elsewhere, which a choice closes.
 * @param {HTMLDetailsElement} rail
 */
export function arrangeRail(rail) {
  const arrange = () => {
    rail.open = WIDE.matches;
  };
  arrange();
  WIDE.addEventListener("change", arrange);
  rail.addEventListener("click", ({ target }) => {
    if (/** @type {Element} */ (target).closest("a") && !WIDE.matches) rail.open = false;
  });
}

/**
 * Open and close sections as they were before the page was loaded again. Otherwise they are open, and closed where the
 * page is narrow, but for the map: what is drawn and selected there is what the page is for.
 * @param {ParentNode} root where they are
 */
export function arrangeFolds(root) {
  const folds = /** @type {NodeListOf<HTMLDetailsElement>} */ (root.querySelectorAll(".fold"));
  for (const fold of folds) {
    const before = history.state?.folds?.[fold.closest("section")?.id ?? ""];
    fold.open = before ?? isUsuallyOpen(fold);
  }
}

/** @param {HTMLElement} fold */
function isUsuallyOpen(fold) {
  return !NARROW.matches || Boolean(fold.querySelector("[data-explorer]"));
}

/**
 * Remember which sections a person opens and closes, beside the address.
 * @param {Node} root where they are
 */
export function keepFolds(root) {
  /** @type {Record<string, boolean | undefined>} */
  let folds = history.state?.folds ?? {};
  const write = () => history.replaceState({ ...history.state, folds }, "");
  const keep = (/** @type {Event} */ { target }) => {
    const fold = /** @type {HTMLDetailsElement} */ (target);
    const section = fold.matches(".fold") && fold.closest("section")?.id;
    if (!section) return;
    const open = fold.open === isUsuallyOpen(fold) ? undefined : fold.open;
    folds = { ...folds, [section]: open };
    write();
  };
  addEventListener("hashchange", write); // a link within the page makes an entry without them
  root.addEventListener("toggle", keep, true); // the event does not bubble
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

/**
 * Mark the link to the last section that reaches the upper part of the window.
 * @param {Element} rail
 * @param {(name: string) => void} [onCurrent] told the name of another section than before
 * @returns {IntersectionObserver} which is disconnected where the rail gets other links
 */
export function markCurrent(rail, onCurrent = () => {}) {
  const links = new Map([...rail.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  const seen = new Set();
  let before = "";
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) seen[isIntersecting ? "add" : "delete"](target.id);
      const current = [...links.keys()].findLast((name) => seen.has(name));
      if (!current || current === before) return;
      before = current;
      for (const [name, link] of links) {
        if (name === current) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
      onCurrent(current);
    },
    { rootMargin: "0px 0px -60% 0px" },
  );
  for (const name of links.keys()) {
    const section = document.getElementById(name);
    if (section) watch.observe(section);
  }
  return watch;
}
