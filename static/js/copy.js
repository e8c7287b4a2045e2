// Copies the text of the card around the button with the fields in it (the signed block), or the value of the field (the text of the commands) that the button names.
addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copyFrom);
  const text = field ? (field.value ?? field.textContent) : cardText(button);
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    field?.select?.();
    button.textContent = "Select the text and copy it";
  }
});
const cardText = (button) => {
  const card = button.closest("[data-copy-text]");
  const title = button.parentElement.querySelector("h2").textContent.trim();
  const rows = [...card.querySelectorAll("dt")].map((dt) => `${dt.textContent.trim()}: ${linesOf(dt.nextElementSibling).join("\n  ")}`);
  const fields = [...card.querySelectorAll("textarea")].map((field) => `\n${field.value}`);
  return [title, ...rows, ...fields].join("\n");
};
// What a row says, and each item of a list in it as a line of its own.
const linesOf = (row) => {
  const said = [...row.childNodes].filter((node) => node.nodeName !== "OL").map((node) => node.textContent).join("");
  return [said, ...[...row.querySelectorAll("li")].map((item) => item.textContent)].map((text) => text.trim());
};
