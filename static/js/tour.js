// The tour of a course's home. driver.js is fetched when somebody begins it, and not before.
(() => {
  const offer = document.querySelector("[data-tour]");
  if (!offer) return;
  const begin = document.querySelectorAll("[data-tour-begin]");

  const added = (tag, facts) => new Promise((done, failed) => {
    const element = Object.assign(document.createElement(tag), facts);
    element.onload = done;
    element.onerror = failed;
    document.head.append(element);
  });

  let fetched = null;
  const library = () => fetched ||= Promise.all([
    added("link", { rel: "stylesheet", href: offer.dataset.styles }),
    added("script", { src: offer.dataset.script }),
  ]);

  const seen = () => {
    offer.hidden = true;
    fetch(offer.action, { method: "POST", body: new FormData(offer), redirect: "manual", keepalive: true }).catch(() => {});
  };

  const is_shown = (step) => {
    const element = document.querySelector(step.element);
    return element !== null && element.getClientRects().length > 0;
  };

  // Its header and footer would be landmarks of the page.
  const as_dialog = ({ title, footer, nextButton }) => {
    title.setAttribute("role", "none");
    footer.setAttribute("role", "none");
    nextButton.focus();
  };

  const run = async () => {
    const steps = JSON.parse(document.getElementById("tour-steps").textContent).filter(is_shown);
    await library();
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const tour = window.driver.js.driver({
      animate: !still, smoothScroll: !still, popoverClass: "tour", showProgress: true, progressText: "{{current}} of {{total}}",
      nextBtnText: "Next", prevBtnText: "Back", doneBtnText: "Done", stagePadding: 6, stageRadius: 4, onDestroyed: seen, onPopoverRender: as_dialog,
      steps: steps.map(({ element, title, description }) => ({ element, popover: { title, description } })),
    });
    tour.drive();
  };

  for (const button of begin) {
    button.hidden = false;
    button.addEventListener("click", (event) => {
      event.preventDefault();
      run();
    });
  }
  if ("begins" in offer.dataset) run();
})();
