//! The text views, on documents made by hand: all words are compared literally.
mod advice;
mod advice_time;
mod explain;
mod fixtures;
mod page;
mod sample;
mod scenes;
mod spent;
mod story;
mod words;
