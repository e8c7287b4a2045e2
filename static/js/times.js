// Keeps relative times true: <time datetime data-relative>. The words are those of courseplatform/core/numbers.py span().
(() => {
  const gap = "\u00a0";
  const words = (ms) => {
    const s = Math.floor(Math.abs(ms) / 1000), d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60;
    if (d) return `${d}${gap}${d === 1 ? "day" : "days"}${h ? ` ${h}${gap}h` : ""}`;
    if (h) return `${h}${gap}h${m ? ` ${m}${gap}min` : ""}`;
    if (m) return `${m}${gap}min${s % 60 ? ` ${s % 60}${gap}s` : ""}`;
    return `${s}${gap}s`;
  };
  // The server's clock counts, not the visitor's.
  const skew = new Date(document.body.dataset.now) - Date.now();
  const tick = () => {
    for (const element of document.querySelectorAll("time[data-relative]")) {
      const left = new Date(element.dateTime) - (Date.now() + skew);
      const form = element.dataset.relative;
      const said = form === "bare" ? words(left) : left > 0 ? `in ${words(left)}` : `${words(left)} ago`;
      if (element.textContent !== said) element.textContent = said;
    }
    for (const element of document.querySelectorAll("time[data-clock]")) {
      const [, sign, hours, minutes] = element.dateTime.match(/([+-])(\d\d):(\d\d)$/);
      const offset = (sign === "-" ? -1 : 1) * (60 * hours + +minutes) * 60000;
      element.textContent = `${new Date(Date.now() + skew + offset).toISOString().slice(11, 19)} ${element.dataset.clock}`;
    }
  };
  if (!Number.isNaN(skew)) setInterval(tick, 1000);
})();
