import { sentence } from "./frame.js";
export const spans = chart => ({ node: sentence(chart, "Soon.") });
