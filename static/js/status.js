// The status page: says a new verdict once, keeps an opened table open, does not ask while nobody looks, and gives plots as PNG.
(() => {
  const live = document.getElementById("status");
  const said = document.querySelector("[data-status-said]");
  const verdict = () => live?.querySelector("[data-status-verdict] h2")?.textContent ?? "";
  let last = verdict(), open = false;
  live?.addEventListener("htmx:beforeRequest", (event) => { if (document.hidden) event.preventDefault(); });
  live?.addEventListener("htmx:beforeSwap", (event) => {
    const focus = document.activeElement;
    if (live.contains(focus) && focus.matches("summary, .scroll")) event.detail.shouldSwap = false;
    open = Boolean(live.querySelector("#tonight-table")?.open);
  });
  live?.addEventListener("htmx:afterSwap", () => {
    const table = live.querySelector("#tonight-table");
    if (table && open) table.open = true;
    live.querySelector("[data-unfold='tonight-table']")?.setAttribute("aria-expanded", String(open));
    if (verdict() !== last) said.textContent = last = verdict();
  });
  // The style sheet does not travel with the drawing, so what it says of each part is written onto it.
  const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font", "opacity"];
  const styled = (svg) => {
    const copy = svg.cloneNode(true), from = [svg, ...svg.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
    from.forEach((element, n) => { const style = getComputedStyle(element); KEPT.forEach((name) => to[n].setAttribute(name === "font" ? "data-font" : name, style.getPropertyValue(name))); to[n].setAttribute("font-size", style.fontSize); to[n].setAttribute("font-family", "sans-serif"); });
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    return new XMLSerializer().serializeToString(copy);
  };
  addEventListener("click", (event) => {
    const button = event.target.closest("[data-svg-png]");
    const svg = button && [...document.querySelectorAll(`[data-svg="${button.dataset.svgPng}"] svg`)].find((one) => one.getClientRects().length);
    if (!svg) return;
    const picture = new Image(), { width, height } = svg.viewBox.baseVal, name = button.dataset.svgPng;
    const canvas = Object.assign(document.createElement("canvas"), { width: width * 2, height: height * 2 });
    picture.onload = () => {
      const pen = canvas.getContext("2d");
      pen.fillStyle = getComputedStyle(document.body).backgroundColor;
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => { const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `status-${name}.png` }); link.click(); URL.revokeObjectURL(link.href); });
    };
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(styled(svg))}`;
  });
})();
