/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.training.loss.Loss;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;

import io.djlosses.api.ElementwiseLoss;
import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Trait;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Where the samples of a batch lie: an axis for each label and each prediction, −1 for what belongs
 * to all samples.
 *
 * @param size the number of samples
 * @param labels the axis of each label
 * @param predictions the axis of each prediction
 */
record Batch(int size, List<Integer> labels, List<Integer> predictions) {

    /** Returns where the samples of a row lie, null where there is no batch of two or more. */
    static @Nullable Batch of(GoldenRow row, Loss loss) {
        Declaration declaration = Declarations.of(loss.getClass());
        if (declaration.has(Trait.NO_BATCH)) {
            return null;
        }
        return switch (declaration.kind()) {
            case SEQUENCES -> {
                boolean padded = row.labels().get(0).shape().dimension() == 2;
                yield padded ? batch(row, List.of(0, 0, 0), List.of(1)) : null;
            }
            case VOCABULARY_HEAD ->
                    batch(
                            row,
                            List.of(0),
                            row.predictions().size() == 3 ? List.of(0, -1, -1) : List.of(0, -1));
            case VECTORS ->
                    row.has("dim") && row.options().get("dim").getAsInt() != 1
                            ? null
                            : plain(row, loss);
            default -> plain(row, loss);
        };
    }

    private static @Nullable Batch plain(GoldenRow row, Loss loss) {
        int rank = row.predictions().get(0).shape().dimension();
        // A single sample (C) has no batch, but every element of an element-wise loss is a sample.
        // Weights of a vector belong to its elements.
        boolean weighted =
                row.options().entrySet().stream().anyMatch(o -> o.getValue().isJsonArray());
        if (rank < (loss instanceof ElementwiseLoss && !weighted ? 1 : 2)
                || hasWeightsOfSamples(row)) {
            return null;
        }
        return batch(
                row,
                row.labels().stream().map(label -> 0).toList(),
                row.predictions().stream().map(prediction -> 0).toList());
    }

    /** Whether weights of a shape differ along the first axis of the prediction. */
    static boolean hasWeightsOfSamples(GoldenRow row) {
        int rank = row.predictions().get(0).shape().dimension();
        return row.options().entrySet().stream()
                .anyMatch(option -> belongsToSamples(option.getValue(), rank));
    }

    private static boolean belongsToSamples(JsonElement option, int rank) {
        if (!option.isJsonObject() || !option.getAsJsonObject().has("shape")) {
            return false;
        }
        JsonArray shape = option.getAsJsonObject().getAsJsonArray("shape");
        return shape.size() == rank && rank > 0 && shape.get(0).getAsInt() > 1;
    }

    private static @Nullable Batch batch(
            GoldenRow row, List<Integer> labels, List<Integer> predictions) {
        int size = (int) row.predictions().get(0).shape().get(predictions.get(0));
        Batch batch = new Batch(size, labels, predictions);
        return size >= 2
                        && fits(size, row.labels(), labels)
                        && fits(size, row.predictions(), predictions)
                ? batch
                : null;
    }

    private static boolean fits(int size, List<Data> data, List<Integer> axes) {
        return IntStream.range(0, data.size())
                .allMatch(
                        i ->
                                axes.get(i) < 0
                                        || (data.get(i).shape().dimension() > axes.get(i)
                                                && data.get(i).shape().get(axes.get(i)) == size));
    }

    /** Takes some samples, in their order. */
    GoldenRow take(GoldenRow row, int... samples) {
        return row.with(
                take(row.labels(), labels, samples), take(row.predictions(), predictions, samples));
    }

    private static List<Data> take(List<Data> data, List<Integer> axes, int... samples) {
        List<Data> taken = new ArrayList<>();
        for (int i = 0; i < data.size(); i++) {
            Data one = data.get(i);
            taken.add(axes.get(i) < 0 ? one : one.take(axes.get(i), samples));
        }
        return taken;
    }

    /** Puts the samples of a gradient into another order. */
    double[] reorder(GoldenRow row, int prediction, double[] gradient, int... samples) {
        Data data = row.predictions().get(prediction);
        int axis = predictions.get(prediction);
        return axis < 0
                ? gradient
                : new Data(data.type(), data.shape(), gradient).take(axis, samples).values();
    }

    /** Returns an order other than the given one: the last first, then the rest. */
    int[] rotated() {
        return IntStream.range(0, size).map(i -> (i + size - 1) % size).toArray();
    }

    /** Returns parts of unequal size. */
    List<int[]> parts() {
        int[] all = IntStream.range(0, size).toArray();
        int cut = Math.max(1, size - 1);
        return List.of(Arrays.copyOf(all, cut), Arrays.copyOfRange(all, cut, size));
    }
}
