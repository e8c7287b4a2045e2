module.exports = { sha256: require("@noble/hashes/sha2.js").sha256 };
