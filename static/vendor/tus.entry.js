const { Upload } = require("tus-js-client");
module.exports = { Upload };
