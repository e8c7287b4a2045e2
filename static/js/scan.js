// Scan: what the camera reads (static/js/camera.js) goes through the same form as a typed tag, and opens its page.
(() => {
  "use strict";
  const form = document.querySelector("[data-scan-form]");
  document.addEventListener("camera:code", (event) => {
    form.elements.code.value = event.detail;
    form.requestSubmit();
  });
})();
