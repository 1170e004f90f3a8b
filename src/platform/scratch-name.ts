/** How the names of all folders for temporary files begin; the process that made them follows, so that those of a killed one are found and removed. */
export const scratchPrefix = "archway-run-";
