// Offers the reader's own zone beside the list, when it is another than the one shown.
(() => {
  const link = document.querySelector("[data-own-zone]");
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const select = document.getElementById("zone");
  if (!link || !own || select.value === own) return;
  link.href = `?zone=${encodeURIComponent(own)}`;
  link.textContent = `Show it in ${own.split("/").pop().replaceAll("_", " ")} time`;
  link.hidden = false;
})();
