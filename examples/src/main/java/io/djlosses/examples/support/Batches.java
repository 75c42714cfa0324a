/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.translate.Batchifier;
import ai.djl.util.Progress;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** A data set in Java memory, shuffled in Java: an epoch is the same on every engine. */
public final class Batches implements Dataset {

    private final List<Column> data;
    private final List<Column> labels;
    private final int batchSize;
    private final @Nullable Random random;

    /**
     * Makes a data set.
     *
     * @param data the inputs of the network
     * @param labels the labels of the loss
     * @param batchSize the size of all batches but the last
     * @param random draws the order of every epoch; null to keep the order
     */
    public Batches(List<Column> data, List<Column> labels, int batchSize, @Nullable Random random) {
        this.data = data;
        this.labels = labels;
        this.batchSize = batchSize;
        this.random = random;
    }

    /**
     * Returns the number of batches of an epoch.
     *
     * @return the number of batches
     */
    public int count() {
        return (size() + batchSize - 1) / batchSize;
    }

    /**
     * Returns the shapes of a batch.
     *
     * @return a shape for each input of the network
     */
    public Shape[] inputShapes() {
        return data.stream()
                .map(column -> new Shape(batchSize).addAll(column.shape()))
                .toArray(Shape[]::new);
    }

    private int size() {
        return data.get(0).rows().length;
    }

    /** {@inheritDoc} */
    @Override
    public Iterable<Batch> getData(NDManager manager) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, size()).boxed().toList());
        if (random != null) {
            Collections.shuffle(order, random);
        }
        return () -> iterator(manager, order);
    }

    private Iterator<Batch> iterator(NDManager manager, List<Integer> order) {
        return IntStream.range(0, count())
                .mapToObj(
                        i -> {
                            int from = i * batchSize;
                            int to = Math.min(from + batchSize, size());
                            return batch(manager.newSubManager(), order.subList(from, to), i);
                        })
                .iterator();
    }

    private Batch batch(NDManager manager, List<Integer> chosen, int number) {
        return new Batch(
                manager,
                arrays(manager, data, chosen),
                arrays(manager, labels, chosen),
                chosen.size(),
                Batchifier.STACK,
                Batchifier.STACK,
                number,
                count());
    }

    private static NDList arrays(NDManager manager, List<Column> columns, List<Integer> chosen) {
        NDList list = new NDList(columns.size());
        for (Column column : columns) {
            double[][] rows = chosen.stream().map(i -> column.rows()[i]).toArray(double[][]::new);
            list.add(column.toArray(manager, rows));
        }
        return list;
    }

    /** {@inheritDoc} */
    @Override
    public void prepare(@Nullable Progress progress) {}
}
