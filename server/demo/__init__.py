"""The whole main job on one machine, told as a story and proven by foreign tools."""
