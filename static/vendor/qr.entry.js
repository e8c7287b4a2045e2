module.exports = { decodeQR: require("qr/decode.js").decodeQR };
