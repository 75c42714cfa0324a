/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The sums behind the accumulators of a loss. Thread-safe. */
final class Accumulators {

    private final String loss;
    private final Map<String, Account> accounts = new HashMap<>();

    Accumulators(String loss) {
        this.loss = loss;
    }

    synchronized void add(String key) {
        accounts.computeIfAbsent(key, name -> new Account()).add();
    }

    synchronized void require(String... keys) {
        for (String key : keys) {
            account(key);
        }
    }

    synchronized void update(String[] keys, Total more, NDList labels, NDList predictions) {
        for (String key : keys) {
            account(key).update(more, labels, predictions);
        }
    }

    synchronized void reset(String key) {
        account(key).reset();
    }

    synchronized Total get(String key) {
        return account(key).total;
    }

    private Account account(String key) {
        Account account = accounts.get(key);
        if (account == null) {
            throw new IllegalArgumentException(
                    loss + ": accumulator '" + key + "' must be added with addAccumulator first");
        }
        return account;
    }

    /**
     * The totals of one accumulator. A trainer that has the loss twice, as its loss and as an
     * evaluator, or that has two listeners, adds the accumulator twice before it adds every batch
     * twice; the batch then counts once.
     */
    private static final class Account {

        /** More than the devices of a trainer, each of which has a batch. */
        private static final int MOST = 64;

        private final List<Batch> batches = new ArrayList<>();
        private Total total = Total.NOTHING;
        private int owners;
        private boolean isNew = true;

        void add() {
            int more = isNew ? owners : 0;
            reset();
            owners = more + 1;
            isNew = true;
        }

        void reset() {
            total = Total.NOTHING;
            batches.clear();
            isNew = false;
        }

        void update(Total more, NDList labels, NDList predictions) {
            isNew = false;
            if (owners == 1 || isFirst(labels, predictions)) {
                total = total.plus(more);
            }
        }

        private boolean isFirst(NDList labels, NDList predictions) {
            Optional<Batch> known =
                    batches.stream().filter(batch -> batch.isOf(labels, predictions)).findFirst();
            if (known.isPresent()) {
                if (++known.get().times == owners) {
                    batches.remove(known.get());
                }
                return false;
            }
            if (batches.size() == MOST) {
                batches.remove(0);
            }
            batches.add(new Batch(labels, predictions));
            return true;
        }
    }

    /** The arrays of a batch, which they do not keep from being collected. */
    private static final class Batch {

        private final List<WeakReference<NDArray>> arrays = new ArrayList<>();
        private int times = 1;

        Batch(NDList labels, NDList predictions) {
            labels.forEach(array -> arrays.add(new WeakReference<>(array)));
            predictions.forEach(array -> arrays.add(new WeakReference<>(array)));
        }

        boolean isOf(NDList labels, NDList predictions) {
            int count = labels.size();
            boolean same = arrays.size() == count + predictions.size();
            for (int i = 0; same && i < arrays.size(); i++) {
                same =
                        arrays.get(i)
                                .refersTo(i < count ? labels.get(i) : predictions.get(i - count));
            }
            return same;
        }
    }

    /** What batches add up to. */
    record Total(double numerator, double denominator, long updates) {

        static final Total NOTHING = new Total(0, 0, 0);

        Total plus(Total more) {
            return new Total(
                    numerator + more.numerator,
                    denominator + more.denominator,
                    updates + more.updates);
        }
    }
}
