// Copies the text of the card around the button.
addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const rows = [...button.closest("[data-copy-text]").querySelectorAll("dt")];
  const title = button.parentElement.querySelector("h2").textContent.trim();
  const text = [title, ...rows.map((dt) => `${dt.textContent.trim()}: ${dt.nextElementSibling.textContent.trim()}`)].join("\n");
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select the text and copy it";
  }
});
