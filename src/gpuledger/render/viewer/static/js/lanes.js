import { sentence } from "./frame.js";
export const lanes = chart => ({ node: sentence(chart, "Soon.") });
