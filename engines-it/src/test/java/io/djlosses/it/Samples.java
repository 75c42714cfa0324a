/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.translate.Batchifier;
import ai.djl.util.Progress;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Samples in their order, in batches of one size, of which the last is what remains.
 *
 * @param columns features and labels, samples along the first axis
 * @param batchSize the size of a batch
 * @param type the type of floating-point columns
 */
record Samples(List<Data> columns, int batchSize, DataType type) implements Dataset {

    int size() {
        return (int) columns.get(0).shape().get(0);
    }

    /** {@inheritDoc} */
    @Override
    public Iterable<Batch> getData(NDManager manager) {
        List<int[]> parts = new ArrayList<>();
        for (int from = 0; from < size(); from += batchSize) {
            parts.add(IntStream.range(from, Math.min(from + batchSize, size())).toArray());
        }
        return () -> parts.stream().map(part -> batch(manager.newSubManager(), part)).iterator();
    }

    private Batch batch(NDManager manager, int[] part) {
        List<Data> rows = columns.stream().map(column -> column.take(0, part)).toList();
        NDList arrays = Data.arrays(rows, manager, type);
        return new Batch(
                manager,
                arrays.subNDList(0, 1),
                arrays.subNDList(1),
                part.length,
                Batchifier.STACK,
                Batchifier.STACK,
                part[0],
                size());
    }

    /** {@inheritDoc} */
    @Override
    public void prepare(@Nullable Progress progress) {}
}
