// Copies the text of the card around the button, or the value of the field that the button names.
addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copyFrom);
  const text = field ? field.value : cardText(button);
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    field?.select();
    button.textContent = "Select the text and copy it";
  }
});
const cardText = (button) => {
  const rows = [...button.closest("[data-copy-text]").querySelectorAll("dt")];
  const title = button.parentElement.querySelector("h2").textContent.trim();
  return [title, ...rows.map((dt) => `${dt.textContent.trim()}: ${dt.nextElementSibling.textContent.trim()}`)].join("\n");
};
