// Tells the LMS that its window may be closed, as the standard says. The message holds nothing else.
(window.opener || window.parent).postMessage({ subject: "org.imsglobal.lti.close" }, "*");
