/** Where the page is so narrow that sections are closed until a person opens them. */
const NARROW = matchMedia("(max-width: 40rem)");

/** Where the list of sections is a column next to them. */
const WIDE = matchMedia("(min-width: 75rem)");

/** The list of sections, which stays visible: it shows where the reader is, and opens a closed section. */
export function startSectionList() {
  const list = /** @type {HTMLDetailsElement | null} */ (document.querySelector(".section-list"));
  if (!list) return;
  arrangeSectionList(list);
  arrangeFolds(document);
  keepFolds(document);
  const open = (/** @type {string} */ hash) => showPart(/^#[\w-]+/.exec(hash)?.[0].slice(1) ?? "");
  open(location.hash);
  addEventListener("hashchange", () => open(location.hash));
  document.addEventListener("click", ({ target }) => {
    const link = /** @type {Element} */ (target).closest("a");
    if (link?.hash) open(link.hash); // also where the address has it already
  });
  markCurrent(list);
}

/**
 * Keep the list of sections open if it is a column; otherwise it is a menu, which a choice closes.
 * @param {HTMLDetailsElement} list
 */
export function arrangeSectionList(list) {
  const arrange = () => {
    list.open = WIDE.matches;
  };
  arrange();
  WIDE.addEventListener("change", arrange);
  list.addEventListener("click", ({ target }) => {
    if (/** @type {Element} */ (target).closest("a") && !WIDE.matches) list.open = false;
  });
}

/**
 * Open and close sections as they were before the page was loaded again. Otherwise they are open, or closed if
 * the page is narrow, except for the map: it is what the page is for.
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
 * Remember in the history of the browser which sections a person opens and closes.
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
 * @param {{ always?: boolean }} [how] whether to go there even if it is open
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
 * @param {Element} list
 * @param {(name: string) => void} [onCurrent] told the name of another section than before
 * @returns {IntersectionObserver} which is disconnected when the list gets other links
 */
export function markCurrent(list, onCurrent = () => {}) {
  const links = new Map([...list.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
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
