//! Many calls at once, with a limit.

use pallet::compute::BoxFuture;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::task::Poll;
use tokio::sync::{Semaphore, SemaphorePermit};

/// So many at a time may do something, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Turns(Semaphore);

impl Turns {
    pub(crate) fn new(limit: NonZeroUsize) -> Self {
        Turns(Semaphore::new(limit.get().min(Semaphore::MAX_PERMITS)))
    }

    /// Waits for a turn, which ends when what is returned is dropped.
    pub(crate) async fn take(&self) -> Option<SemaphorePermit<'_>> {
        // Only a semaphore that is closed gives none, and nobody closes it.
        self.0.acquire().await.ok()
    }
}

/// Awaits all futures, at most `limit` of them at a time, and returns their results in the order of the futures.
///
/// Written here because it is the one thing that would need a library of futures.
pub(crate) async fn side_by_side<T>(limit: usize, futures: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    let mut waiting = futures.into_iter().enumerate();
    let mut running: Vec<(usize, BoxFuture<'_, T>)> = waiting.by_ref().take(limit.max(1)).collect();
    poll_fn(|context| {
        let mut at = 0;
        while at < running.len() {
            let (index, future) = &mut running[at];
            match future.as_mut().poll(context) {
                Poll::Pending => at += 1,
                Poll::Ready(result) => {
                    results[*index] = Some(result);
                    match waiting.next() {
                        // Polled in this same round: nothing else would wake it for the first time.
                        Some(next) => running[at] = next,
                        None => drop(running.swap_remove(at)),
                    }
                }
            }
        }
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn results_keep_their_order_and_the_limit_holds() {
        let (busy, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let future = |n: u64| -> BoxFuture<'_, u64> {
            let (busy, most) = (&busy, &most);
            Box::pin(async move {
                most.fetch_max(busy.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(100 - n)).await;
                busy.fetch_sub(1, Ordering::Relaxed);
                n
            })
        };
        let results = side_by_side(3, (0..20).map(future).collect()).await;
        assert_eq!(results, (0..20).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn nothing_is_done_at_once() {
        let none: Vec<BoxFuture<'_, Cell<u8>>> = vec![];
        assert!(side_by_side(8, none).await.is_empty());
    }
}
