// Keeps relative times true: <time datetime data-relative>. The words are those of courseplatform/core/numbers.py span(). And says absolute
// ones as the reader's country does: the title of a relative one, and the text of <time datetime data-at>. docs/translation.md says which, and why.
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
  // The wall time that the server wrote, so in its zone; by our calendar and with our digits: a deadline in another count of years would be none.
  const form = (more) => {
    const fixed = { timeZone: "UTC", calendar: "gregory", numberingSystem: "latn" };
    const day = { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
    try { return new Intl.DateTimeFormat(navigator.languages, { ...fixed, ...day, ...more }); } catch { return null; } // a language that is none: the server's words stay
  };
  const [long, short] = [form({ year: "numeric", second: "2-digit" }), form()];
  const language = short?.resolvedOptions().locale;
  // Beside sentences that the server wrote, in English and with 24 hours, readers of English are not shown a second form of the hour.
  const isOther = language && new Intl.Locale(language).language !== "en";
  // The zone keeps the server's name: for New York, most languages would say GMT-5.
  const said = (made, element, shown) => `${made.format(new Date(`${element.dateTime.slice(0, 19)}Z`))} ${shown.split(" ").pop()}`;
  const localise = () => {
    for (const element of document.querySelectorAll("time[data-relative][title]:not([data-local])")) {
      if (long) element.title = said(long, element, element.title);
      element.dataset.local = "";
    }
    for (const element of document.querySelectorAll("time[data-at]:not([data-local])")) {
      if (isOther) Object.assign(element, { textContent: said(short, element, element.textContent), lang: language, dir: "auto" });
      element.dataset.local = "";
    }
  };
  localise();
  document.addEventListener("htmx:afterSettle", localise);
  const tick = () => {
    for (const element of document.querySelectorAll("time[data-relative]")) {
      const left = new Date(element.dateTime) - (Date.now() + skew);
      const now = element.dataset.relative === "bare" ? words(left) : left > 0 ? `in ${words(left)}` : `${words(left)} ago`;
      if (element.textContent !== now) element.textContent = now;
    }
    for (const element of document.querySelectorAll("time[data-clock]")) {
      const [, sign, hours, minutes] = element.dateTime.match(/([+-])(\d\d):(\d\d)$/);
      const offset = (sign === "-" ? -1 : 1) * (60 * hours + +minutes) * 60000;
      element.textContent = `${new Date(Date.now() + skew + offset).toISOString().slice(11, 19)} ${element.dataset.clock}`;
    }
  };
  if (!Number.isNaN(skew)) setInterval(tick, 1000);
})();
