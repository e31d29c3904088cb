import { sentence } from "./frame.js";
export const boxes = chart => ({ node: sentence(chart, "Soon.") });
