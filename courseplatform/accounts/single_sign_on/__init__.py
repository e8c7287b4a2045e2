"""Signing in by what the university already knows: a provider of OpenID Connect or SAML says who somebody is, `arriving` says who that is here."""
