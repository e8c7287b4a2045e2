// Says a new place in line or a new step aloud, once. The part that changes is no live region: it would be read out each time.
(() => {
  const said = document.getElementById("run-said");
  addEventListener("htmx:afterSwap", () => {
    const now = document.getElementById("run-place")?.textContent ?? "";
    if (said.textContent !== now) said.textContent = now;
  });
})();
