// `?` or the button in the foot shows the shortcuts; `g` and a letter goes to a page of the course (data-key on its link).
(() => {
  const show = () => document.getElementById("shortcuts").showModal();
  let since = 0;
  addEventListener("click", (event) => event.target.closest("[data-shortcuts]") && show());
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog, [contenteditable]")) return;
    if (event.key === "?") show();
    else if (event.key === "g") since = Date.now();
    else if (Date.now() - since < 1500) {
      since = 0;
      document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
    }
  });
})();
