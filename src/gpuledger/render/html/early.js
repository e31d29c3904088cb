(function () {
  try { var mode = localStorage.getItem("gpuledger-mode"); } catch (_) { return; }
  if (mode === "light" || mode === "dark") document.documentElement.dataset.mode = mode;
})();
