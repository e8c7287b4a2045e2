"""Names of the standard: scopes, claims and roles."""

AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINE_ITEM, RESULTS, SCORE = f"{AGS}lineitem", f"{AGS}result.readonly", f"{AGS}score"
NAMES = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
WANTED = [LINE_ITEM, RESULTS, SCORE, NAMES]

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
ENDPOINT = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NAMES_SERVICE = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
DEEP_LINK = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
CANVAS_SUBMISSION = "https://canvas.instructure.com/lti/submission"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
