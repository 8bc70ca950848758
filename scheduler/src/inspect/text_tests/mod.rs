//! The text views, on documents made by hand: all words are compared literally.
mod advice;
mod explain;
mod page;
mod sample;
mod story;
mod words;
