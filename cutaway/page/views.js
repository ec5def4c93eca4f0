/** The views of a page. One is shown at a time; the address names it, or a part of it. */

/** Follow the address and links to parts of the page. */
export function startViews() {
  const follow = () => showPart(partInAddress());
  follow();
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest("a")?.getAttribute("href") ?? "";
    if (!link.startsWith("#") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault(); // a page of the studio has a <base>, which is another page
    location.hash = link;
    showPart(link.slice(1)); // also where the address has it already
  });
}

/** The id in the address; "" without one. */
export function partInAddress() {
  return /^#[\w-]+/.exec(location.hash)?.[0].slice(1) ?? "";
}

/**
 * Show the view that holds the element with this id, the first view if there is none, and go to the element.
 * @param {string} id
 */
export function showPart(id) {
  const target = document.getElementById(id);
  const views = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".view")]);
  const shown = target?.closest(".view") ?? views[0];
  if (!shown) return;
  for (const view of views) view.hidden = view !== shown;
  for (const link of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".view-list a"))) {
    if (link.dataset.view === /** @type {HTMLElement} */ (shown).dataset.view) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  for (let fold = target?.closest("details"); fold; fold = fold.parentElement?.closest("details")) fold.open = true;
  const { top } = (target ?? shown).getBoundingClientRect();
  if (target && shown.firstElementChild !== target) {
    if (top < 0 || top > innerHeight / 2) target.scrollIntoView();
  } else if (top < 0) scrollTo(0, 0);
}
