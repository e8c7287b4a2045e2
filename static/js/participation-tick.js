// Ticks every candidate of the page, or none when all are ticked.
(() => {
  const button = document.querySelector("[data-tick-all]");
  button?.addEventListener("click", () => {
    const boxes = [...button.form.querySelectorAll("[name=candidate]")], all = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !all;
    button.textContent = all ? "Tick this page" : "Untick this page";
  });
})();
