package local

// rssUnit is the unit of Maxrss in bytes: Linux counts kilobytes.
const rssUnit = 1024
