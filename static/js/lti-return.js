// Sends what was picked back to the LMS; without scripts the button does.
document.querySelector("form[data-send]")?.submit();
