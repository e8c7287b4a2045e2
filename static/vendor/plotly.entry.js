const Plotly = require("plotly.js/lib/core");
Plotly.register([
  require("plotly.js/lib/bar"), require("plotly.js/lib/box"), require("plotly.js/lib/violin"), require("plotly.js/lib/heatmap"),
  require("plotly.js/lib/histogram"), require("plotly.js/lib/histogram2d"), require("plotly.js/lib/contour"),
]);
module.exports = Plotly;
