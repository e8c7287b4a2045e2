// The recovery codes, which are shown once: to a file, or to paper. The buttons are hidden where no script runs.
(() => {
  const codes = document.querySelector("[data-recovery-codes]");
  if (!codes) return;
  for (const button of document.querySelectorAll("[data-recovery-save], [data-recovery-print]")) button.hidden = false;
  document.querySelector("[data-recovery-print]").addEventListener("click", () => print());
  document.querySelector("[data-recovery-save]").addEventListener("click", () => {
    const lines = [...codes.querySelectorAll("li")].map((line) => line.textContent.trim());
    const text = `Recovery codes for Milliamp (${location.host})\nEach works once.\n\n${lines.join("\n")}\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = "milliamp-recovery-codes.txt";
    link.click();
    URL.revokeObjectURL(link.href);
  });
})();
