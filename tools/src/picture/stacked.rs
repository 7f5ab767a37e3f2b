//! Pictures below each other.

use super::surface::{Picture, Shifted, Surface};

/// Pictures below each other, their left edges on one line.
#[derive(Debug, Clone)]
pub struct Stacked<P> {
    /// From top to bottom.
    pub pictures: Vec<P>,
    /// Pixels between two of them.
    pub gap: usize,
}

impl<P: Picture> Picture for Stacked<P> {
    fn size(&self) -> [usize; 2] {
        let sizes = || self.pictures.iter().map(Picture::size);
        let gaps = self.gap * self.pictures.len().saturating_sub(1);
        [sizes().map(|size| size[0]).max().unwrap_or(0), sizes().map(|size| size[1]).sum::<usize>() + gaps]
    }

    fn draw_on(&self, surface: &mut dyn Surface) {
        let mut top = 0;
        for picture in &self.pictures {
            picture.draw_on(&mut Shifted::new(surface, [0, top]));
            top += picture.size()[1] + self.gap;
        }
    }
}

impl<P: Picture + ?Sized> Picture for Box<P> {
    fn size(&self) -> [usize; 2] {
        (**self).size()
    }

    fn draw_on(&self, surface: &mut dyn Surface) {
        (**self).draw_on(surface);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Canvas, Rgb};

    #[test]
    fn each_stands_below_the_one_before() {
        let mut dark = Canvas::new(3, 2);
        dark.fill(0, 0, 3, 2, Rgb::INK);
        let stacked = Stacked { pictures: vec![Canvas::new(5, 4), dark], gap: 1 }.draw();
        assert_eq!((stacked.width(), stacked.height()), (5, 7));
        assert_eq!((stacked.pixel(0, 4), stacked.pixel(2, 6), stacked.pixel(3, 6)), (Rgb::WHITE, Rgb::INK, Rgb::WHITE));
        assert_eq!(Stacked::<Canvas> { pictures: vec![], gap: 9 }.size(), [0, 0]);
    }
}
