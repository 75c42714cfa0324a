/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.vocabulary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.Goal;
import io.djlosses.api.Inputs;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reading;
import io.djlosses.api.Reduction;
import io.djlosses.api.Terms;
import io.djlosses.internal.core.Speculation;
import io.djlosses.internal.core.Traced;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;

/**
 * The sampled softmax loss: the softmax cross entropy over the true classes and a few classes that
 * are drawn at random.
 *
 * <p>Use it for so many classes that even one product with the whole layer is too expensive. Every
 * evaluation draws {@code S} classes, which represent all others and are shared by the batch. With
 * the expected number of draws {@code Q} of each class, input {@code h}, labels {@code y₁ … y_T}
 * and the layer's weights {@code W} and biases {@code b}, each row contributes
 *
 * <pre>{@code
 * z(k) = ⟨h, W[k]⟩ + b[k] − log Q(k)
 * ℓ    = −(1/T) Σt log softmax([z(y₁), …, z(y_T), z(S₁), …])[t]
 * }</pre>
 *
 * <p>It is for training only, and its value is usually below that of the full softmax loss. If the
 * predictions are plain logits, which {@link VocabularyHead} returns outside of training, the loss
 * is the full cross entropy {@code −(1/T) Σt log softmax(z)[y_t]}.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N, numTrue)]}, or {@code (N)} for one true class: class indices of any
 *       integer or floating-point type
 *   <li>{@code predictions: [(C, D), (C), (N, D)]}: weights and biases of the layer and its input;
 *       or {@code [(N, C)]}, logits
 *   <li>{@code out: (N)} by default, as in MindSpore and TensorFlow; {@code ()} with {@code SUM} or
 *       {@code MEAN}, which divides by N
 * </ul>
 *
 * <p>The labels are read into Java, on any device, to count and check them; a label out of range
 * causes an {@link IllegalArgumentException} with every {@link io.djlosses.api.Validation}. Of the
 * weights, only the rows of drawn and true classes are read, and all other rows have gradient zero;
 * the gradient itself is an array of the size of the weights.
 *
 * <h2>Randomness</h2>
 *
 * <p>Each evaluation of any kind takes the next draw from the generator of the loss, which may be
 * shared between threads. With the same seed the same sequence of evaluations draws the same
 * classes, on every engine. The default seed 0 stands for a new seed each time a loss is built.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = SampledSoftmaxLoss.builder()
 *         .setNumSampled(1000)
 *         .optSampler(CandidateSampler.LOG_UNIFORM)
 *         .optReduction(Reduction.MEAN)
 *         .build();
 * Block model = new SequentialBlock().add(encoder).add(VocabularyHead.forSampledSoftmax(500000));
 * }</pre>
 *
 * <p>Equivalent to {@code mindspore.nn.SampledSoftmaxLoss} and {@code
 * tensorflow.nn.sampled_softmax_loss}. Differences from MindSpore: it takes {@code log(softmax +
 * 1e-20)}, this loss the logarithm of the softmax itself; it ignores the reduction; here an
 * accidental hit is a drawn class that is a true class of the same row, and is left out of that
 * row, as in TensorFlow, while MindSpore never draws a true class of any row. Difference from
 * TensorFlow: the sampler is uniform by default. The random draws differ from those of both.
 *
 * @see <a href="https://arxiv.org/abs/1412.2007">Jean et al. 2014, On Using Very Large Target
 *     Vocabulary</a>
 */
public final class SampledSoftmaxLoss extends AbstractLoss {

    /** Gathers targets and sampled classes together, so that the layer has a single gradient. */
    private static final Script ONE_TRUE =
            scriptOf(
                    """
                    right = torch.sum(torch.mul(x, w[0]), [1]).add_(b[0])
                    hits = torch.eq(torch.unsqueeze(i[0], 1), i[1])
                    """,
                    """
                    z = torch.cat([torch.unsqueeze(right, 1), other], 1)
                    return torch.cross_entropy_loss(z, torch.zeros_like(i[0]), None, reduction, -100, 0.)
                    """);

    private static final Script SEVERAL_TRUE =
            scriptOf(
                    """
                    rows = torch.reshape(w[0], [n, -1, torch.size(x, 1)])
                    right = torch.sum(torch.mul(rows, torch.unsqueeze(x, 1)), [2])
                    right = torch.add(right, torch.reshape(b[0], [n, -1]))
                    hits = torch.any(torch.eq(torch.reshape(i[0], [n, -1, 1]), i[1]), 1)
                    """,
                    """
                    l = torch.log_softmax(torch.cat([right, other], 1), 1)
                    total = torch.sum(l[:, 0:int(t)])
                    return total.mul_(-1. / (t * n if mean else t))
                    """);

    /** Gathers targets and sampled classes together, so that the layer has a single gradient. */
    private static Script scriptOf(String ofTrue, String result) {
        return Script.of(
                "weights biases x ids logs",
                "t=1 remove=1",
                """
                n = torch.size(x, 0)
                m = n * int(t)
                sizes = [m, torch.numel(ids) - m]
                i = torch.split_with_sizes(ids, sizes)
                w = torch.split_with_sizes(torch.index_select(weights, 0, ids), sizes)
                b = torch.split_with_sizes(torch.index_select(biases, 0, ids).sub_(logs), sizes)
                TRUE
                other = torch.linear(x, w[1], b[1])
                if remove > 0.:
                  other.masked_fill_(hits, float("-inf"))
                RESULT
                """
                        .replace("TRUE", ofTrue.strip())
                        .replace("RESULT", result.strip()));
    }

    private final int numSampled;
    private final @Nullable Long numClasses;
    private final int numTrue;
    private final boolean removeAccidentalHits;
    private final Candidates candidates;

    private SampledSoftmaxLoss(Builder builder) {
        super(builder);
        numSampled = builder.numSampled;
        numClasses = builder.numClasses;
        numTrue = builder.numTrue;
        removeAccidentalHits = builder.removeAccidentalHits;
        String name = getName();
        require(numSampled >= 1, "numSampled", "be set", "missing");
        if (numClasses != null) {
            String most = "be at most numClasses = " + numClasses;
            require(numSampled <= numClasses, "numSampled", most, numSampled);
            require(numTrue <= numClasses, "numTrue", most, numTrue);
        }
        Candidates.Drawn given = builder.sampledValues;
        candidates =
                given == null
                        ? new Candidates.Random(
                                builder.sampler, numSampled, builder.unique, builder.seed)
                        : new Candidates.Given(given, numTrue).checked(name, numSampled);
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        String name = getName();
        Checks.count(name, "labels", labels, "targets");
        if (predictions.size() == 1) {
            Checks.rank(name, "predictions[0]", predictions.get(0), 2, 2, "(N, C) (logits)");
        } else {
            Checks.count(name, "predictions", predictions, "weights", "biases", "inputs");
            Checks.rank(name, "predictions[0]", predictions.get(0), 2, 2, "(C, D) (weights)");
            Checks.rank(name, "predictions[2]", predictions.get(2), 2, 2, "(N, D) (inputs)");
            Shape weights = predictions.get(0).getShape();
            Shape inputs = predictions.get(2).getShape();
            Shape biases = predictions.get(1).getShape();
            Shape vector = new Shape(weights.get(0));
            Checks.shape(name, "predictions[1]", biases, vector, "match the weights");
            Shape required = new Shape(inputs.get(0), weights.get(1));
            Checks.shape(name, "predictions[2]", inputs, required, "match the weights " + weights);
        }
        long classes = classes(predictions);
        if (numClasses != null && numClasses != classes) {
            throw failure(
                    "predictions[0]", "have " + numClasses + " classes (numClasses)", classes);
        }
        if (classes < numTrue || (predictions.size() > 1 && classes < numSampled)) {
            throw failure(
                    "the number of classes",
                    "be at least numTrue = " + numTrue + " and numSampled = " + numSampled,
                    classes);
        }
        NDArray label = labels.get(0);
        Checks.index(name, "labels[0]", label);
        Shape rows = unreducedShape(labels, predictions);
        if (!label.getShape().equals(rows.add(numTrue))
                && (numTrue != 1 || !label.getShape().equals(rows))) {
            String orRows = numTrue == 1 ? " or (N) = " + rows : "";
            throw failure(
                    "labels[0]",
                    "have shape (N, numTrue) = " + rows.add(numTrue) + orRows,
                    label.getShape());
        }
        if (predictions.size() > 1) {
            candidates.check(name, rows.get(0), classes);
        }
    }

    private static long classes(NDList predictions) {
        return predictions.get(0).getShape().get(predictions.size() == 1 ? 1 : 0);
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray batch(NDList predictions) {
        return predictions.get(predictions.size() - 1);
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return new Shape(batch(predictions).getShape().get(0));
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        long classes = classes(predictions);
        NDArray inputs = batch(predictions);
        boolean isSampled = predictions.size() > 1;
        DataType type = inputs.getDataType();
        NDList prepared =
                Traced.prepare(labels.get(0), label -> prepare(label, classes, isSampled, type));
        NDArray picked = // [N, T]
                isSampled ? ofSampled(predictions, prepared) : ofAll(inputs, prepared.head());
        return Terms.of(Nd.mul(Nd.sum(picked, 1), -1.0 / numTrue));
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDList masked = new NDList(predictions);
        NDArray inputs = batch(predictions);
        masked.set(masked.size() - 1, Nd.where(mask.reshape(-1, 1), inputs, 0));
        return new Inputs(labels, masked);
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        if (predictions.size() == 1) {
            return null;
        }
        NDArray weights = predictions.get(0);
        NDArray inputs = predictions.get(2);
        NDManager manager = inputs.getManager();
        long[] target = targets(labels.get(0), classes(predictions));
        Candidates.Drawn drawn = candidates.draw(target, weights.getShape().get(0));
        long[] ids = new long[target.length + numSampled];
        System.arraycopy(target, 0, ids, 0, target.length);
        System.arraycopy(drawn.ids(), 0, ids, target.length, numSampled);
        double[] counts = new double[ids.length];
        System.arraycopy(drawn.trueCount(), 0, counts, 0, target.length);
        System.arraycopy(drawn.sampledCount(), 0, counts, target.length, numSampled);
        Shape shape = new Shape(ids.length);
        NDArray logs = logs(counts, shape, manager, inputs.getDataType());
        NDList arrays = new NDList(predictions);
        arrays.addAll(List.of(Nd.create(manager, ids, shape), logs));
        Script script = numTrue == 1 ? ONE_TRUE : SEVERAL_TRUE;
        long divisor = inputs.getShape().get(0);
        return new Reading.Call(script, divisor, arrays, numTrue, removeAccidentalHits ? 1 : 0);
    }

    private long[] targets(NDArray label, long classes) {
        long[] target = Nd.toLongs(label);
        for (int i = 0; i < target.length; i++) {
            if (target[i] < 0 || target[i] >= classes) {
                throw failure(
                        "labels",
                        "hold class indices in [0, " + classes + ")",
                        Checks.index(label, i, target[i]) + " (element " + i + ")");
            }
        }
        return target;
    }

    /**
     * Returns the true classes and the drawn ones, with the logarithms of their expected counts.
     */
    private NDList prepare(NDArray label, long classes, boolean isSampled, DataType type) {
        NDManager manager = label.getManager();
        long[] target = targets(label, classes);
        NDList prepared = new NDList(Nd.create(manager, target, new Shape(target.length)));
        if (isSampled) {
            Candidates.Drawn drawn = candidates.draw(target, classes);
            Shape perTrue = new Shape(target.length / numTrue, numTrue);
            prepared.add(Nd.create(manager, drawn.ids(), new Shape(numSampled)));
            prepared.add(logs(drawn.trueCount(), perTrue, manager, type));
            prepared.add(logs(drawn.sampledCount(), new Shape(1, numSampled), manager, type));
        }
        return prepared;
    }

    private NDArray ofAll(NDArray logits, NDArray index) {
        NDArray logProb = Nd.logSoftmax(logits, 1);
        NDArray[] picked = new NDArray[numTrue];
        NDArray columns = index.reshape(logits.getShape().get(0), numTrue);
        for (int t = 0; t < numTrue; t++) {
            picked[t] = Nd.pick(logProb, columns.get(new NDIndex(":, {}", (long) t)));
        }
        return NDArrays.stack(new NDList(picked), 1);
    }

    private NDArray ofSampled(NDList predictions, NDList prepared) {
        NDArray weights = predictions.get(0);
        NDArray biases = predictions.get(1);
        NDArray inputs = predictions.get(2);
        NDArray index = prepared.get(0);
        NDArray sampled = prepared.get(1);
        long rows = inputs.getShape().get(0);
        Shape perTrue = new Shape(rows, numTrue);

        NDArray trueWeights =
                weights.get(index).reshape(rows, numTrue, weights.getShape().get(1)); // [N, T, D]
        NDArray trueLogits =
                Nd.sum(inputs.expandDims(1).mul(trueWeights), 2)
                        .add(biases.get(index).reshape(perTrue))
                        .sub(prepared.get(2));
        NDArray sampledLogits =
                Linear.linear(inputs, weights.get(sampled), biases.get(sampled))
                        .singletonOrThrow()
                        .sub(prepared.get(3));
        if (removeAccidentalHits) {
            NDArray missed = index.reshape(rows, numTrue, 1).neq(sampled); // [N, T, S]
            NDArray isMissed =
                    numTrue == 1
                            ? missed.squeeze(1)
                            : Nd.sum(Nd.cast(missed, inputs), 1).gte(numTrue); // [N, S]
            sampledLogits = Nd.where(isMissed, sampledLogits, Double.NEGATIVE_INFINITY);
        }
        NDArray logits = trueLogits.concat(sampledLogits, 1);
        if (numTrue == 1) {
            NDArray first = inputs.getManager().zeros(new Shape(rows), DataType.INT64);
            // A separate speculation, because a second run of the whole formula would draw other
            // classes.
            return Speculation.run(() -> Nd.logSoftmax(logits, first)).expandDims(1);
        }
        return Nd.logSoftmax(logits, 1).get(new NDIndex(":, :{}", (long) numTrue));
    }

    private static NDArray logs(
            double[] counts, Shape shape, NDManager manager, DataType dataType) {
        double[] logs = Arrays.stream(counts).map(Math::log).toArray();
        return Nd.create(manager, logs, shape, dataType);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), Reading.script(this::call));
    }

    /**
     * Creates a builder with the defaults: one true class, uniform and distinct samples, accidental
     * hits removed, a random seed, {@code NONE}. {@code setNumSampled} is required.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link SampledSoftmaxLoss}. */
    public static final class Builder extends LossBuilder<SampledSoftmaxLoss, Builder> {

        private int numSampled;
        private @Nullable Long numClasses;
        private int numTrue = 1;
        private CandidateSampler sampler = CandidateSampler.UNIFORM;
        private boolean unique = true;
        private boolean removeAccidentalHits = true;
        private long seed;
        private Candidates.@Nullable Drawn sampledValues;

        Builder() {
            super("SampledSoftmaxLoss", SampledSoftmaxLoss::new);
            defaults(Reduction.NONE, EmptyPolicy.NAN);
        }

        /**
         * Sets the number of classes to draw.
         *
         * @param numSampled a number from 1 to the number of classes
         * @return this {@code Builder}
         */
        public Builder setNumSampled(int numSampled) {
            this.numSampled = require("numSampled", numSampled, numSampled >= 1, "be at least 1");
            return this;
        }

        /**
         * Sets the number of classes that the layer must have (default: any number).
         *
         * @param numClasses the number of classes, at least 1
         * @return this {@code Builder}
         */
        public Builder optNumClasses(long numClasses) {
            this.numClasses = require("numClasses", numClasses, numClasses >= 1, "be at least 1");
            return this;
        }

        /**
         * Sets the number of true classes per row (default 1), which all have equal weight.
         *
         * @param numTrue the number of true classes, at least 1
         * @return this {@code Builder}
         */
        public Builder optNumTrue(int numTrue) {
            this.numTrue = require("numTrue", numTrue, numTrue >= 1, "be at least 1");
            return this;
        }

        /**
         * Sets the distribution to draw from (default {@link CandidateSampler#UNIFORM}).
         *
         * @param sampler the sampler
         * @return this {@code Builder}
         */
        public Builder optSampler(CandidateSampler sampler) {
            this.sampler = set("sampler", sampler);
            return this;
        }

        /**
         * Sets whether the classes drawn in one evaluation are distinct (default true). A custom
         * sampler must then give at least {@code numSampled} classes a positive probability.
         *
         * @param unique whether the classes are distinct
         * @return this {@code Builder}
         */
        public Builder optUnique(boolean unique) {
            this.unique = set("unique", unique);
            return this;
        }

        /**
         * Sets whether a drawn class that is a true class of a row is left out of that row (default
         * true).
         *
         * @param removeAccidentalHits whether to leave it out
         * @return this {@code Builder}
         */
        public Builder optRemoveAccidentalHits(boolean removeAccidentalHits) {
            this.removeAccidentalHits = set("removeAccidentalHits", removeAccidentalHits);
            return this;
        }

        /**
         * Sets the seed (default 0: a new seed each time a loss is built).
         *
         * @param seed the seed, non-negative
         * @return this {@code Builder}
         */
        public Builder optSeed(long seed) {
            this.seed = require("seed", seed, seed >= 0, "be at least 0");
            return this;
        }

        /**
         * Sets the sampled classes themselves instead of drawing any, for an external sampler and
         * for tests.
         *
         * @param ids the {@code numSampled} classes
         * @param trueExpectedCount the expected number of draws of each true class (N, numTrue)
         * @param sampledExpectedCount the expected number of draws of each sampled class
         * @return this {@code Builder}
         */
        public Builder optSampledValues(
                long[] ids, double[][] trueExpectedCount, double[] sampledExpectedCount) {
            set(
                    "sampledValues",
                    List.of(
                            Arrays.stream(ids).boxed().toList(),
                            Arrays.stream(trueExpectedCount).map(Builder::boxed).toList(),
                            boxed(sampledExpectedCount)));
            double[] trueCount =
                    Arrays.stream(trueExpectedCount).flatMapToDouble(Arrays::stream).toArray();
            sampledValues =
                    new Candidates.Drawn(ids.clone(), trueCount, sampledExpectedCount.clone());
            return this;
        }

        private static List<Double> boxed(double... values) {
            return Arrays.stream(values).boxed().toList();
        }
    }
}
