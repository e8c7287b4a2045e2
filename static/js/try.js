// Sliders that try what a lab would give. The server works it out (grading/points_try.py); here only what a listener hears is kept true.
(() => {
  const heard = () => {
    for (const value of document.querySelectorAll("[data-value-of]"))
      document.getElementById(value.dataset.valueOf)?.setAttribute("aria-valuetext", value.textContent.trim());
  };
  document.addEventListener("htmx:oobAfterSwap", heard);
  document.addEventListener("htmx:afterSettle", heard);
  // Inside a form whose changes draw this table anew: a slider that was let go is none of them.
  document.addEventListener("change", (event) => { if (event.target.closest?.("[data-try-within]")) event.stopPropagation(); }, true);
})();
