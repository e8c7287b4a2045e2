// The fleet as it is: its table is asked for anew while somebody looks at it. Without JavaScript the page is what it was when it came.
(() => {
  "use strict";
  const fleet = document.querySelector("[data-fleet]");
  if (!fleet) return;
  const LOOK_MS = 5000;

  async function look() {
    if (!document.hidden && !fleet.contains(document.activeElement)) {
      const answer = await fetch(fleet.dataset.from, { credentials: "same-origin" }).catch(() => null);
      if (answer?.ok && !answer.redirected) fleet.innerHTML = await answer.text();
    }
    setTimeout(look, LOOK_MS);
  }

  setTimeout(look, LOOK_MS);
})();
