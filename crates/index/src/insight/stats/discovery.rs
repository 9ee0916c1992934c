//! Many tests at once: how many of what looks striking is chance.

/// The q values of Benjamini and Hochberg: with the m values of p in ascending order, `q_i = min over j >= i of p_j m / j`, at
/// most 1. Among all whose q is at most x, a share of x is chance, on the average. Equal p get one q. What cannot be tested
/// (none) does not count in m, and has none.
///
/// Benjamini and Hochberg, "Controlling the false discovery rate", Journal of the Royal Statistical Society B 57 (1995), 289-300.
pub fn discovery(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut ranked: Vec<(f64, usize)> =
        p.iter().enumerate().filter_map(|(place, p)| p.map(|p| (p, place))).collect();
    ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (tested, mut least) = (ranked.len(), 1.0_f64);
    let mut q = vec![None; p.len()];
    for (rank, (p, place)) in ranked.into_iter().enumerate().rev() {
        least = least.min(p * tested as f64 / (rank + 1) as f64);
        q[place] = Some(least);
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_example_of_the_paper() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0000,
        ];
        let found = discovery(&p.map(Some));
        let below = found.iter().flatten().filter(|q| **q <= 0.05).count();
        assert_eq!((found.len(), below), (15, 4), "four at 0.05, says the paper");
    }

    #[test]
    fn ties_get_one_q_in_any_order_and_q_rises_with_p() {
        let p = [0.02, 0.5, 0.01, 0.02, 0.9, 0.02, 0.5];
        let q = discovery(&p.map(Some));
        assert!(q[0] == q[3] && q[3] == q[5] && q[1] == q[6]);
        for (i, j) in (0..p.len()).flat_map(|i| (0..p.len()).map(move |j| (i, j))) {
            assert!(p[i] > p[j] || q[i] <= q[j], "{} and {}", p[i], p[j]);
            assert!(q[i].unwrap() >= p[i] && q[i].unwrap() <= 1.0);
        }
    }

    #[test]
    fn what_cannot_be_tested_does_not_count() {
        let found = discovery(&[Some(0.01), None, Some(0.04), None]);
        assert_eq!(found, [Some(0.02), None, Some(0.04), None]);
        assert!(discovery(&[]).is_empty());
    }
}
