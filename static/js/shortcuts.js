// `?` or the button in the foot shows the shortcuts; `g` and a letter goes to a page of the course (data-key on its link).
(() => {
  const show = () => document.getElementById("shortcuts").showModal();
  let since = -Infinity; // of the events' own clock: a page that is busy hears both keys late, but knows when they were struck
  addEventListener("click", (event) => event.target.closest("[data-shortcuts]") && show());
  addEventListener("keydown", (event) => {
    // [open]: a button of a dialog that was just closed may have the focus still.
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog[open], [contenteditable]")) return;
    if (event.key === "?") show();
    else if (event.key === "g") since = event.timeStamp;
    else if (event.timeStamp - since < 1500) {
      since = -Infinity;
      document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
    }
  });
})();
