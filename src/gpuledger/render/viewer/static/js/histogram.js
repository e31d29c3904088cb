import { sentence } from "./frame.js";
export const histogram = chart => ({ node: sentence(chart, "Soon.") });
