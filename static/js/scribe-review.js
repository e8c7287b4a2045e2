// A click on a line number of the source chooses the line of the next request, and the place in the preview comes along.
// Without this script the number is a link that does the same with a reload.
(() => {
  const field = document.getElementById("ask-line"), words = document.getElementById("ask-text");
  const lines = document.querySelector(".lines");
  const blocks = [...document.querySelectorAll(".shown [data-line]")];
  const show = (line) => {
    lines.querySelector(".chosen")?.classList.remove("chosen");
    document.getElementById(`L${line}`)?.classList.add("chosen");
    blocks.filter((block) => Number(block.dataset.line) <= line).at(-1)?.scrollIntoView({ block: "nearest" });
  };
  lines?.addEventListener("click", (event) => {
    const number = event.target.closest("[data-ask]")?.dataset.ask;
    if (!number || !field) return;
    event.preventDefault();
    field.value = number;
    show(Number(number));
    words.focus();
  });
  document.querySelector(".asked")?.addEventListener("click", (event) => {
    const line = Number(event.target.closest("a[data-line]")?.dataset.line ?? 0);
    if (line) show(line);
  });
  if (field?.value && lines) show(Number(field.value));
})();
