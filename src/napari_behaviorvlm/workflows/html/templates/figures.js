"use strict";
// Every figure's data stands in the page as JSON; nothing is fetched.
document.querySelectorAll("[data-figure]").forEach((box) => {
  const figure = JSON.parse(document.getElementById(box.dataset.figure).textContent);
  const bar = "plain" in box.dataset ? false : "hover";
  const settings = { responsive: true, displaylogo: false, displayModeBar: bar, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };
  try {
    Plotly.newPlot(box, figure.data, figure.layout, settings).then(() => {
      if (figure.frames && figure.frames.length) Plotly.addFrames(box, figure.frames);
      box.classList.add("drawn");
    });
  } catch (problem) {
    box.textContent = "This figure cannot be drawn by your browser (" + problem.message + ").";
  }
});
