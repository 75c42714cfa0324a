/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.vocabulary;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.UniformInitializer;
import ai.djl.util.PairList;

import io.djlosses.api.Checks;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;

/**
 * The adaptive softmax: the last layer of a model with very many classes of very unequal frequency,
 * which does little work for rare classes.
 *
 * <p>Classes are numbered by decreasing frequency. The first {@code cutoffs[0]} of them form the
 * shortlist, the others form clusters, each between two cutoffs and with a narrower layer than the
 * one before. The head has an entry for each class of the shortlist and for each cluster; tail i
 * has the classes of cluster i. With input {@code x} and without any nonlinearity,
 *
 * <pre>{@code
 * h = log softmax(H x + b)            tᵢ = log softmax(Bᵢ Aᵢ x)
 * log p[y] = h[y]                                     y in the shortlist
 * log p[y] = h[cutoffs[0] + i] + tᵢ[y − cutoffs[i]]   y in cluster i
 * }</pre>
 *
 * <p>In training the block reads the labels, evaluates only the clusters that occur in the batch,
 * and returns the log-probability of each target; {@link AdaptiveLogSoftmaxLoss} is their negative
 * mean. Without labels (in a {@code Predictor} or in validation) it returns the log-probabilities
 * of all classes, from which the same loss picks those of the targets. Labels are read into Java,
 * on any device; a label out of range causes an {@link IllegalArgumentException} that names it.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code data: [(*, inFeatures)]}, {@code labels: [(*)]} or {@code (*, 1)} of any integer or
 *       floating-point type or BOOLEAN
 *   <li>{@code out: (*)} in training with labels, otherwise {@code (*, nClasses)}
 * </ul>
 *
 * <h2>Parameters</h2>
 *
 * <p>They have the same names, shapes and initial distributions as in PyTorch, so a {@code
 * state_dict} can be copied as it is into a block that is not initialized: for each {@code
 * parameter = block.getParameters().get(name)} call {@code parameter.setShape(null)} and {@code
 * parameter.setArray(array)}.
 *
 * <pre>{@code
 * head.weight       (cutoffs[0] + clusters, inFeatures)     H
 * head.bias         (cutoffs[0] + clusters)                 b, with optHeadBias(true)
 * tail.i.0.weight   (width of i, inFeatures)                Aᵢ, ⌊inFeatures / divValue^(i+1)⌋ wide
 * tail.i.1.weight   (classes of i, width of i)              Bᵢ
 * all U(−1/√n, 1/√n) with n the number of inputs of the layer
 * }</pre>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Block net = new SequentialBlock()
 *         .add(encoder)
 *         .add(AdaptiveLogSoftmaxWithLoss.builder()
 *                 .setInFeatures(512)
 *                 .setNClasses(100000)
 *                 .setCutoffs(2000, 10000)
 *                 .build());
 * model.setBlock(net);
 * TrainingConfig config = new DefaultTrainingConfig(Losses.adaptiveLogSoftmaxLoss());
 * try (Trainer trainer = model.newTrainer(config)) {
 *     trainer.initialize(new Shape(1, features));
 *     EasyTrain.fit(trainer, epochs, training, validation);
 * }
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.AdaptiveLogSoftmaxWithLoss(in_features, n_classes, cutoffs,
 * div_value, head_bias)}. Differences: it returns the log-probabilities, and {@link
 * AdaptiveLogSoftmaxLoss} the loss; a cluster of width 0 is an error, while PyTorch accepts it
 * silently; the input may have any number of leading axes; the parameters of a cluster that does
 * not occur in a batch get gradient zero rather than none, so momentum still updates them.
 *
 * @see <a href="https://arxiv.org/abs/1609.04309">Grave et al. 2017, Efficient softmax
 *     approximation for GPUs</a>
 */
public final class AdaptiveLogSoftmaxWithLoss extends AbstractBlock {

    private static final byte VERSION = 1;
    private static final String NAME = "AdaptiveLogSoftmaxWithLoss";

    private final long inFeatures;
    private final long nClasses;
    private final long[] cutoffs; // with nClasses at the end
    private final Parameter headWeight;
    private final @Nullable Parameter headBias;
    private final List<Tail> tails = new ArrayList<>();

    private AdaptiveLogSoftmaxWithLoss(Builder builder) {
        super(VERSION);
        inFeatures = builder.inFeatures;
        nClasses = builder.nClasses;
        int clusters = builder.cutoffs.length;
        cutoffs = Arrays.copyOf(builder.cutoffs, clusters + 1);
        cutoffs[clusters] = nClasses;
        long headSize = cutoffs[0] + clusters;
        headWeight = weight("head.weight", headSize, inFeatures);
        headBias =
                builder.headBias
                        ? add("head.bias", Parameter.Type.BIAS, inFeatures, new Shape(headSize))
                        : null;
        for (int i = 0; i < clusters; i++) {
            long width = width(inFeatures, builder.divValue, i);
            Parameter projection = weight("tail." + i + ".0.weight", width, inFeatures);
            long size = cutoffs[i + 1] - cutoffs[i];
            tails.add(new Tail(projection, weight("tail." + i + ".1.weight", size, width)));
        }
    }

    private Parameter weight(String name, long out, long in) {
        return add(name, Parameter.Type.WEIGHT, in, new Shape(out, in));
    }

    private Parameter add(String name, Parameter.Type type, long inputs, Shape shape) {
        return addParameter(
                Parameter.builder()
                        .setName(name)
                        .setType(type)
                        .optShape(shape)
                        .optInitializer(new UniformInitializer((float) (1 / Math.sqrt(inputs))))
                        .build());
    }

    /** Returns the whole part of inFeatures / divValue^(i+1), rounded as Python's // rounds it. */
    private static long width(long inFeatures, double divValue, int i) {
        double divisor = Math.pow(divValue, i + 1.0);
        return (long) Math.rint((inFeatures - inFeatures % divisor) / divisor);
    }

    // ------------------------------------------------------------------ inference

    /**
     * Returns the log-probabilities of all classes.
     *
     * @param input an array (*, inFeatures)
     * @return an array (*, nClasses)
     */
    public NDArray logProb(NDArray input) {
        return logProb(new ParameterStore(input.getManager(), false), input, false);
    }

    /**
     * Returns the most probable class of each row. A tail is evaluated only for rows for which its
     * cluster is the most probable entry of the head.
     *
     * @param input an array (*, inFeatures)
     * @return INT64 classes (*)
     */
    public NDArray predict(NDArray input) {
        NDManager manager = input.getManager();
        Shape shape = leading(input);
        long[] best = new long[(int) shape.size()];
        if (best.length > 0) {
            ParameterStore parameterStore = new ParameterStore(manager, false);
            NDArray rows = rows(input);
            best = Nd.toLongs(head(parameterStore, rows, false).argMax(1));
            long[] open = indices(best, entry -> entry >= cutoffs[0]);
            if (open.length > 0) {
                NDArray some = rows.get(index(manager, open));
                long[] classes = Nd.toLongs(logProb(parameterStore, some, false).argMax(1));
                for (int i = 0; i < open.length; i++) {
                    best[(int) open[i]] = classes[i];
                }
            }
        }
        return Nd.create(manager, best, shape);
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return new NDList(logProb(parameterStore, inputs.singletonOrThrow(), training));
    }

    private NDArray logProb(ParameterStore parameterStore, NDArray input, boolean training) {
        Shape shape = leading(input).add(nClasses);
        if (shape.size() == 0) {
            return input.getManager().zeros(shape, input.getDataType());
        }
        NDArray rows = rows(input);
        NDArray head = head(parameterStore, rows, training);
        NDList parts = new NDList(head.get(new NDIndex(":, :{}", cutoffs[0])));
        for (int i = 0; i < tails.size(); i++) {
            NDArray cluster = head.get(new NDIndex().addAllDim().addIndices(cutoffs[0] + i));
            NDArray tail = tails.get(i).logProb(parameterStore, rows, training);
            parts.add(cluster.expandDims(1).add(tail));
        }
        return NDArrays.concat(parts, 1).reshape(shape);
    }

    // ------------------------------------------------------------------ training

    /** Returns the log-probability of each target. */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList data,
            NDList labels,
            @Nullable PairList<String, Object> params) {
        NDArray input = data.singletonOrThrow();
        NDArray label = labels.singletonOrThrow();
        Shape shape = leading(input);
        Checks.index(NAME, "labels[0]", label);
        if (!label.getShape().equals(shape.add(1))) {
            Checks.shape(NAME, "labels[0]", label.getShape(), shape, "match the input");
        }
        long[] target = targets(label);
        if (target.length == 0) {
            return new NDList(input.reshape(shape));
        }
        NDArray rows = rows(input);
        NDManager manager = input.getManager();
        long[] entry = target.clone(); // of the head
        long[] place = new long[target.length]; // in the results of the tails, one after the other
        NDList results = new NDList(manager.zeros(new Shape(1), input.getDataType()));
        long next = 1;
        for (int i = 0; i < tails.size(); i++) {
            long from = cutoffs[i];
            long to = cutoffs[i + 1];
            long[] members = indices(target, y -> y >= from && y < to);
            // A cluster without members is evaluated for row 0, and the result is not used: its
            // gradient becomes zero, while some engines would keep that of the batch before.
            long[] chosen = members.length == 0 ? new long[1] : members;
            long[] within = new long[chosen.length];
            for (int m = 0; m < members.length; m++) {
                int row = (int) members[m];
                within[m] = target[row] - from;
                entry[row] = cutoffs[0] + i;
                place[row] = next + m;
            }
            next += chosen.length;
            NDArray some = rows.get(index(manager, chosen));
            NDArray tail = tails.get(i).logProb(parameterStore, some, true);
            results.add(Nd.pick(tail, index(manager, within)));
        }
        NDArray head = head(parameterStore, rows, true);
        NDArray picked = Nd.pick(head, index(manager, entry));
        NDArray inCluster = NDArrays.concat(results).get(index(manager, place));
        return new NDList(picked.add(inCluster).reshape(shape));
    }

    private long[] targets(NDArray label) {
        long[] target = Nd.toLongs(label);
        for (int i = 0; i < target.length; i++) {
            if (target[i] < 0 || target[i] >= nClasses) {
                throw Checks.failure(
                        NAME,
                        "labels",
                        "hold class indices in [0, " + nClasses + ")",
                        Checks.index(label, i, target[i]) + " (element " + i + ")");
            }
        }
        return target;
    }

    private static NDArray index(NDManager manager, long... values) {
        return Nd.create(manager, values, new Shape(values.length));
    }

    private static long[] indices(long[] values, LongPredicate condition) {
        return LongStream.range(0, values.length)
                .filter(i -> condition.test(values[(int) i]))
                .toArray();
    }

    // ------------------------------------------------------------------ layers

    private NDArray head(ParameterStore parameterStore, NDArray rows, boolean training) {
        Device device = rows.getDevice();
        NDArray weight = parameterStore.getValue(headWeight, device, training);
        NDArray bias =
                headBias == null ? null : parameterStore.getValue(headBias, device, training);
        NDList entries = Linear.linear(rows, weight, bias);
        return Nd.logSoftmax(entries.singletonOrThrow(), 1);
    }

    /** The two layers of a cluster. */
    private record Tail(Parameter projection, Parameter weight) {

        NDArray logProb(ParameterStore parameterStore, NDArray rows, boolean training) {
            Device device = rows.getDevice();
            NDArray a = parameterStore.getValue(projection, device, training);
            NDArray b = parameterStore.getValue(weight, device, training);
            NDArray hidden = Linear.linear(rows, a).singletonOrThrow();
            return Nd.logSoftmax(Linear.linear(hidden, b).singletonOrThrow(), 1);
        }
    }

    private Shape leading(NDArray input) {
        Shape shape = input.getShape();
        int last = shape.dimension() - 1;
        if (last < 0 || shape.get(last) != inFeatures) {
            String requirement = "have shape (*, inFeatures) = (*, " + inFeatures + ")";
            throw Checks.failure(NAME, "the input", requirement, shape);
        }
        return shape.slice(0, last);
    }

    private NDArray rows(NDArray input) {
        return input.getShape().dimension() == 2
                ? input
                : input.reshape(input.size() / inFeatures, inFeatures);
    }

    /** Returns the shape of the log-probabilities of all classes. */
    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape input = inputShapes[0];
        return new Shape[] {input.slice(0, input.dimension() - 1).add(nClasses)};
    }

    /**
     * Creates a builder with the defaults: divValue 4, no bias in the head. {@code setInFeatures},
     * {@code setNClasses} and {@code setCutoffs} are required.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct an {@link AdaptiveLogSoftmaxWithLoss}. */
    public static final class Builder {

        private long inFeatures;
        private long nClasses;
        private long[] cutoffs = {};
        private double divValue = 4;
        private boolean headBias;

        Builder() {}

        /**
         * Sets the number of features of the input.
         *
         * @param inFeatures the size of the last axis of the input, at least 1
         * @return this {@code Builder}
         */
        public Builder setInFeatures(long inFeatures) {
            Checks.require(inFeatures >= 1, NAME, "inFeatures", "be at least 1", inFeatures);
            this.inFeatures = inFeatures;
            return this;
        }

        /**
         * Sets the number of classes.
         *
         * @param nClasses the number of classes, at least 2
         * @return this {@code Builder}
         */
        public Builder setNClasses(long nClasses) {
            Checks.require(nClasses >= 2, NAME, "nClasses", "be at least 2", nClasses);
            this.nClasses = nClasses;
            return this;
        }

        /**
         * Sets where the clusters begin: {@code setCutoffs(2000, 10000)} makes a shortlist of the
         * classes below 2000, a cluster of those from 2000 to 9999, and one of the rest.
         *
         * @param cutoffs at least one class, strictly increasing, from 1 to nClasses − 1
         * @return this {@code Builder}
         */
        public Builder setCutoffs(long... cutoffs) {
            String rising = "be positive and strictly increasing";
            long before = 0;
            for (long cutoff : cutoffs) {
                String all = Arrays.toString(cutoffs);
                Checks.require(cutoff > before, NAME, "cutoffs", rising, all);
                before = cutoff;
            }
            this.cutoffs = cutoffs.clone();
            return this;
        }

        /**
         * Sets the factor by which each cluster is narrower than the one before (default 4).
         *
         * @param divValue a finite number greater than 0
         * @return this {@code Builder}
         */
        public Builder optDivValue(double divValue) {
            this.divValue = Checks.positive(NAME, "divValue", divValue);
            return this;
        }

        /**
         * Sets whether the head has a bias (default false).
         *
         * @param headBias whether there is one
         * @return this {@code Builder}
         */
        public Builder optHeadBias(boolean headBias) {
            this.headBias = headBias;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         */
        public AdaptiveLogSoftmaxWithLoss build() {
            Checks.require(inFeatures > 0, NAME, "inFeatures", "be set", "missing");
            Checks.require(nClasses > 0, NAME, "nClasses", "be set", "missing");
            Checks.require(cutoffs.length > 0, NAME, "cutoffs", "hold a class", "empty");
            int last = cutoffs.length - 1;
            String below = "be below nClasses = " + nClasses;
            String all = Arrays.toString(cutoffs);
            Checks.require(cutoffs[last] < nClasses, NAME, "cutoffs", below, all);
            Checks.require(
                    width(inFeatures, divValue, last) >= 1,
                    NAME,
                    "inFeatures / divValue^" + (last + 1) + ", the width of the last cluster,",
                    "be at least 1 (use fewer cutoffs, a smaller divValue or more features)",
                    inFeatures + " / " + Math.pow(divValue, last + 1.0));
            return new AdaptiveLogSoftmaxWithLoss(this);
        }
    }
}
