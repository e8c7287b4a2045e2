"""Passkeys, codes of an authenticator app and recovery codes, by allauth.mfa; and where staff need one of them."""
