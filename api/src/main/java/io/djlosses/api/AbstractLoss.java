/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import io.djlosses.nd.Nd;
import io.djlosses.nd.Recorder;
import io.djlosses.nd.Script;
import io.djlosses.nd.Speculation;

import org.jspecify.annotations.Nullable;

import java.lang.ref.Reference;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The template of every loss: check, unreduced terms, mask and weights, reduction.
 *
 * <p>A subclass writes {@link #check} and {@link #terms}; where measuring shows that it pays it
 * adds {@link #closedForm} and {@link #scripted}. Losses of one label and one prediction of equal
 * shape extend {@link ElementwiseLoss} and write a single method.
 *
 * <h2>What every loss does</h2>
 *
 * <ul>
 *   <li>Labels come first, as everywhere in DJL: {@code evaluate(labels, predictions)}.
 *   <li>Predictions are FLOAT32 or FLOAT64, and so is the result. FLOAT16 predictions are computed
 *       in, and give, FLOAT32, and their gradient is FLOAT16 (an engine that cannot hold such a
 *       gradient refuses {@code setRequiresGradient}). BFLOAT16 and integers are refused. Labels of
 *       another type are converted.
 *   <li>NaN in, NaN out. Infinities follow the formula.
 *   <li>The gradient flows into all predictions; into labels only with {@link
 *       LossBuilder#optLabelGradient}.
 *   <li>Nothing native is left behind but the result, which belongs to the manager of {@code
 *       predictions.get(0)} (where that is a parameter, of the input). The loss itself holds no
 *       arrays, is immutable but for the sums behind its accumulators, and may be used from several
 *       threads. Where the engine runs {@linkplain Script scripts}, the script of a class and the
 *       numbers in its options stay loaded, and class weights do for as long as the loss lives. So
 *       do its {@linkplain Recorder graphs} and their constants, where the engine runs those.
 *   <li>An accumulator reports Σ numerators / Σ denominators over all that it saw, in {@code
 *       double}: the mean over an epoch does not depend on how the epoch was cut into batches. With
 *       {@link Reduction#SUM} it reports the total, with {@link Reduction#NONE} the mean, and with
 *       a reduction of your own the plain average of its results.
 *   <li>Bad input gets an {@link IllegalArgumentException} before any native call.
 * </ul>
 */
public abstract class AbstractLoss extends Loss {

    /**
     * Below this size of the largest prediction the calls of a closed form cost more than they
     * save.
     */
    private static final long CLOSED_FORM_SIZE = 4096;

    /** Below this size of the largest array a graph's one call saves more than it costs. */
    private static final long GRAPH_SIZE = 1 << 14;

    private final Reduction reduction;
    private final EmptyPolicy emptyPolicy;
    private final Validation validation;
    private final SampleWeighting sampleWeighting;
    private final boolean labelGradient;
    private final Reading reading;
    private final Accumulators accumulators;
    private final @Nullable Recorder recorder;

    /**
     * Makes a loss with {@link Reduction#MEAN} and the default of every other common option.
     *
     * @param name the display name
     */
    protected AbstractLoss(String name) {
        this(name, Reduction.MEAN);
    }

    /**
     * Makes a loss with a reduction and the default of every other common option.
     *
     * @param name the display name
     * @param reduction the reduction
     */
    protected AbstractLoss(String name, Reduction reduction) {
        super(name);
        this.reduction = Objects.requireNonNull(reduction, "reduction");
        emptyPolicy = EmptyPolicy.NAN;
        validation = Validation.INDICES;
        sampleWeighting = SampleWeighting.NONE;
        labelGradient = false;
        reading = Reading.AUTO;
        accumulators = new Accumulators(name);
        recorder = null;
    }

    /**
     * Makes a loss with the common options of a builder.
     *
     * @param builder the builder
     */
    protected AbstractLoss(LossBuilder<?> builder) {
        super(builder.name);
        reduction = builder.reduction;
        emptyPolicy = builder.emptyPolicy;
        validation = builder.validation;
        sampleWeighting = builder.sampleWeighting;
        labelGradient = builder.labelGradient;
        reading = builder.reading;
        accumulators = new Accumulators(builder.name);
        recorder = new Recorder();
    }

    // ------------------------------------------------------------------ what a subclass writes

    /**
     * Checks counts, ranks, shapes and types, without reading any data.
     *
     * @param labels the labels, without sample weights
     * @param predictions the predictions
     * @throws IllegalArgumentException that names loss, argument, requirement and what was given
     */
    protected abstract void check(NDList labels, NDList predictions);

    /**
     * Checks the data, in strict validation only. The predictions are known to be finite.
     *
     * @param labels the labels, without sample weights
     * @param predictions the predictions
     */
    protected void checkData(NDList labels, NDList predictions) {}

    /**
     * Returns the shape of the unreduced values, which is that of the result with {@link
     * Reduction#NONE} and what sample weights align with. The arguments have passed {@link #check}.
     *
     * @param labels the labels, without sample weights
     * @param predictions the predictions
     * @return the shape of the values
     */
    protected abstract Shape unreducedShape(NDList labels, NDList predictions);

    /**
     * Returns the prediction whose first axis is the batch, and whose manager owns the result: the
     * first one, where a loss does not say otherwise because parameters stand before it.
     *
     * @param predictions the predictions
     * @return one of them
     */
    protected NDArray batch(NDList predictions) {
        return predictions.get(0);
    }

    /**
     * Computes the unreduced values: the definition of the loss, differentiated by the engine. One
     * evaluation may call this twice, where {@link Nd} has assumed something of the predictions
     * that does not hold.
     *
     * @param labels the labels, without sample weights, as they came
     * @param predictions the predictions, FLOAT32 or FLOAT64
     * @return the terms
     */
    protected abstract Terms terms(NDList labels, NDList predictions);

    /**
     * Computes the unreduced values, and tells whether their gradient is wanted, as {@link
     * #closedForm} is told. A loss that learns from the batches it sees overrides this: a value
     * without a gradient (validation, accumulators) must teach it nothing.
     *
     * @param labels the labels, without sample weights, as they came
     * @param predictions the predictions, FLOAT32 or FLOAT64
     * @param gradient whether the gradient is wanted
     * @return the terms
     */
    protected Terms terms(NDList labels, NDList predictions, boolean gradient) {
        return terms(labels, predictions);
    }

    /**
     * Computes the sum of the values and its gradient without a graph, or declines.
     *
     * <p>Called for {@link Reduction#SUM}, {@link Reduction#MEAN} and {@link Reduction#BATCH_MEAN}
     * without sample weights, on predictions that are not empty. Both lists are detached; they
     * share memory with the caller's arrays, so in-place operations are for fresh arrays only.
     *
     * @param labels the labels, detached, as they came
     * @param predictions the predictions, detached
     * @param gradient whether the gradient is wanted
     * @return the closed form, or null to use {@link #terms}
     */
    protected @Nullable ClosedForm closedForm(NDList labels, NDList predictions, boolean gradient) {
        return null;
    }

    /**
     * Computes the reduced and finished result by one script of the engine, or declines.
     *
     * <p>Called for {@link Reduction#SUM}, {@link Reduction#MEAN} and {@link Reduction#BATCH_MEAN}
     * without sample weights, on predictions that are not empty, where the engine runs scripts and
     * the {@link EmptyPolicy} does not matter.
     *
     * @param labels the labels, which have no gradient, as they came
     * @param predictions the predictions, whose graph a script leaves alone if no gradient is
     *     wanted
     * @param goal what is wanted
     * @return the result with its gradient, or null for another reading
     */
    protected @Nullable NDArray scripted(NDList labels, NDList predictions, Script.Goal goal) {
        return null;
    }

    /**
     * Tells whether a mean can have nothing to divide by although the predictions are not empty, so
     * that the {@link EmptyPolicy} matters.
     *
     * @param labels the labels
     * @return whether it can
     */
    protected boolean canBeEmpty(NDList labels) {
        return true;
    }

    /**
     * Replaces what a mask hides in the predictions by numbers that are harmless to the formula,
     * because a gradient of 0 times NaN is NaN. Here nothing is known of them, and nothing is
     * replaced.
     *
     * @param mask the BOOLEAN mask, false where hidden, of the shape of the values or its leading
     *     axes
     * @param predictions the predictions
     * @return the predictions to compute with
     */
    protected NDList maskedPredictions(NDArray mask, NDList predictions) {
        return predictions;
    }

    /**
     * Returns the size of a prediction from which the closed form pays.
     *
     * @return a number of elements
     */
    protected long closedFormSize() {
        return CLOSED_FORM_SIZE;
    }

    /**
     * Returns the size of an array from which a graph of the formula costs more memory than it
     * saves time: what a graph computes with stays allocated.
     *
     * @return a number of elements
     */
    protected long graphSize() {
        return GRAPH_SIZE;
    }

    /**
     * Does for labels what {@link #maskedPredictions} does for predictions; class indices need
     * nothing, numbers may.
     *
     * @param mask the BOOLEAN mask, false where hidden, of the shape of the values or its leading
     *     axes
     * @param labels the labels
     * @param predictions the predictions as they came
     * @return the labels to compute with
     */
    protected NDList maskedLabels(NDArray mask, NDList labels, NDList predictions) {
        return labels;
    }

    /**
     * Maps the merged mean Σ numerators / Σ denominators to the value that is reported; a loss that
     * is a function of a mean, such as a root mean square, merges exactly this way.
     *
     * @param mean the merged mean
     * @return the reported value
     */
    protected NDArray finish(NDArray mean) {
        return mean;
    }

    /**
     * Does for accumulators what {@link #finish(NDArray)} does for arrays.
     *
     * @param mean the merged mean
     * @return the reported value
     */
    protected double finish(double mean) {
        return mean;
    }

    // ------------------------------------------------------------------ evaluating

    /**
     * Computes the loss, with the gradient of the predictions.
     *
     * @param labels the labels
     * @param predictions the predictions
     * @return a 0-d array, or the unreduced values with {@link Reduction#NONE}
     */
    @Override
    public final NDArray evaluate(NDList labels, NDList predictions) {
        return evaluate(labels, predictions, true);
    }

    /**
     * Computes the loss without any gradient: what validation and logging need, at the price of a
     * forward pass.
     *
     * @param labels the labels
     * @param predictions the predictions
     * @return a 0-d array, or the unreduced values with {@link Reduction#NONE}
     */
    public final NDArray value(NDList labels, NDList predictions) {
        return evaluate(labels, predictions, false);
    }

    private NDArray evaluate(NDList labels, NDList predictions, boolean gradient) {
        return Nd.scoped(
                () -> {
                    Inputs inputs = checked(labels, predictions);
                    return keep(reduced(inputs, gradient), labels, predictions);
                });
    }

    /**
     * Computes the loss as numerator and denominator, for merging the parts of a batch exactly.
     *
     * @param labels the labels
     * @param predictions the predictions
     * @return the fraction, whose numerator carries the gradient of the predictions
     * @throws IllegalStateException if the reduction is one of your own, which cannot be merged
     */
    public final Fraction fraction(NDList labels, NDList predictions) {
        if (reduction.function() != null) {
            throw new IllegalStateException(
                    getName() + ": the reduction " + reduction + " cannot be merged from parts");
        }
        Fraction result;
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            Inputs inputs = checked(labels, predictions);
            Sum sum = sum(inputs, true);
            NDArray numerator = keep(sum.numerator(), labels, predictions);
            NDArray denominator = keep(sum.divisor().toArray(numerator), labels, predictions);
            NDScope.unregister(numerator, denominator);
            result = new Fraction(this, numerator, denominator);
        }
        NDScope.register(result.numerator());
        NDScope.register(result.denominator());
        return result;
    }

    /** Divides a merged numerator by its denominator, as {@link #evaluate} does for one batch. */
    final NDArray divide(NDArray numerator, NDArray denominator) {
        return Nd.scoped(() -> quotient(new Sum(numerator, Divisor.of(denominator))));
    }

    private NDArray reduced(Inputs inputs, boolean gradient) {
        UnaryOperator<NDArray> function = reduction.function();
        if (function != null) {
            return function.apply(weighted(inputs, gradient).values());
        }
        NDArray result = recorded(inputs, gradient);
        if (result == null && reduction != Reduction.NONE) {
            result = scripted(inputs, gradient);
        }
        if (result != null) {
            return result;
        }
        ClosedForm closed = reduction == Reduction.NONE ? null : closedForm(inputs, gradient);
        if (closed == null) {
            return Speculation.run(() -> byFormula(inputs, gradient));
        }
        Divisor divisor = divisor(inputs, closed.divisor());
        if (gradient && divisor.isKnown()) {
            // Attached after the division, so that the value is not rounded again.
            NDArray mean = divisor.divide(closed.sum(), emptyPolicy, getName());
            return finish(closed.attach(mean, inputs.predictions, divisor.factor()));
        }
        return quotient(sum(inputs, closed, gradient));
    }

    private NDArray byFormula(Inputs inputs, boolean gradient) {
        Terms terms = weighted(inputs, gradient);
        if (reduction == Reduction.NONE) {
            return terms.values();
        }
        return reduction == Reduction.MEAN && terms.isUniform()
                ? finish(Nd.mean(terms.values()))
                : quotient(sum(inputs, terms));
    }

    private NDArray quotient(Sum sum) {
        return finish(sum.divisor().divide(sum.numerator(), emptyPolicy, getName()));
    }

    private Sum sum(Inputs inputs, boolean gradient) {
        ClosedForm closed = closedForm(inputs, gradient);
        return closed == null
                ? sum(inputs, weighted(inputs, gradient))
                : sum(inputs, closed, gradient);
    }

    private Sum sum(Inputs inputs, ClosedForm closed, boolean gradient) {
        NDArray sum = closed.sum();
        if (gradient) {
            sum = closed.attach(sum, inputs.predictions, 1);
        }
        return new Sum(sum, divisor(inputs, closed.divisor()));
    }

    private Sum sum(Inputs inputs, Terms terms) {
        NDArray values = terms.values();
        NDArray factors =
                reduction == Reduction.SUM || reduction == Reduction.BATCH_MEAN
                        ? null
                        : terms.factors();
        NDArray sum = Nd.sum(factors == null ? values : values.mul(factors));
        return new Sum(sum, divisor(inputs, terms.divisor()));
    }

    /** What the reduction divides by, where MEAN would divide by {@code ofMean}. */
    private Divisor divisor(Inputs inputs, Divisor ofMean) {
        if (reduction == Reduction.SUM) {
            return Divisor.of(1);
        }
        if (reduction == Reduction.BATCH_MEAN) {
            Shape shape = unreducedShape(inputs.labels, inputs.predictions);
            return Divisor.of(shape.isScalar() ? 1 : shape.get(0));
        }
        return ofMean;
    }

    /** Runs the formula as a graph, where the engine has graphs and the arrays are small. */
    private @Nullable NDArray recorded(Inputs inputs, boolean gradient) {
        if (!isRecorded(inputs.predictions) || isEmpty(inputs.predictions)) {
            return null;
        }
        int predictions = inputs.predictions.size();
        int weighted = predictions + inputs.labels.size();
        // Detached here where no gradient is wanted, which in a graph would be a copy.
        NDList arrays = new NDList(gradient ? inputs.predictions : detached(inputs.predictions));
        // And what two losses may share, which the backward of one would take away from the other.
        arrays.addAll(gradient ? constants(inputs.labels) : inputs.labels);
        if (inputs.weight != null) {
            arrays.add(inputs.weight.stopGradient());
        }
        return recorded(
                new Formula(gradient, predictions),
                arrays,
                given -> {
                    NDArray weight = given.size() > weighted ? given.get(weighted) : null;
                    NDList labels = given.subNDList(predictions, weighted);
                    Inputs some = new Inputs(labels, given.subNDList(0, predictions), weight);
                    return byFormula(some, gradient);
                });
    }

    /**
     * Computes something as a {@linkplain Recorder graph}, where the engine runs graphs and the
     * arrays are small. The formula of a loss that is made with a {@link LossBuilder} is computed
     * so anyway; this is for what is no formula of the predictions.
     *
     * @param name what tells this computation from others of the loss
     * @param inputs the arrays that it depends on
     * @param computation the computation, which depends on nothing else that ever changes
     * @return the result, or null where the computation is to be done as it is
     */
    protected final @Nullable NDArray recorded(
            Object name, NDList inputs, Function<NDList, NDArray> computation) {
        return recorder != null && isRecorded(inputs)
                ? recorder.run(name, inputs, computation)
                : null;
    }

    private boolean isRecorded(NDList inputs) {
        return recorder != null
                && (reading == Reading.AUTO || reading == Reading.SCRIPT)
                && !Recorder.isRecorded(inputs.head())
                && Recorder.runsOn(inputs.head())
                && largest(inputs) < graphSize();
    }

    private @Nullable NDArray scripted(Inputs inputs, boolean gradient) {
        if (!isPlain(inputs)
                || (reading != Reading.AUTO && reading != Reading.SCRIPT)
                || (emptyPolicy != EmptyPolicy.NAN && canBeEmpty(inputs.labels))
                || !Script.runsOn(batch(inputs.predictions))) {
            return null;
        }
        Script.Goal goal =
                new Script.Goal(reduction == Reduction.MEAN, gradient, reading == Reading.SCRIPT);
        NDArray result;
        try {
            result = scripted(inputs.labels, inputs.predictions, goal);
        } finally {
            // Constants of a script live for as long as the loss.
            Reference.reachabilityFence(this);
        }
        return result != null && reduction == Reduction.BATCH_MEAN
                ? divisor(inputs, Divisor.of(1)).divide(result, emptyPolicy, getName())
                : result;
    }

    private @Nullable ClosedForm closedForm(Inputs inputs, boolean gradient) {
        if (!isPlain(inputs)
                || (reading != Reading.AUTO && reading != Reading.CLOSED_FORM)
                || (reading == Reading.AUTO && largest(inputs.predictions) < closedFormSize())) {
            return null;
        }
        return closedForm(constants(inputs.labels), detached(inputs.predictions), gradient);
    }

    /** Tells whether constant labels alone decide the sum, as the fast readings assume. */
    private boolean isPlain(Inputs inputs) {
        return !labelGradient && inputs.weight == null && !isEmpty(inputs.predictions);
    }

    private static boolean isEmpty(NDList list) {
        for (NDArray array : list) {
            if (array.size() == 0) {
                return true;
            }
        }
        return false;
    }

    private static long largest(NDList list) {
        long largest = 0;
        for (NDArray array : list) {
            largest = Math.max(largest, array.size());
        }
        return largest;
    }

    private NDList constants(NDList labels) {
        return labelGradient ? labels : detached(labels);
    }

    private static NDList detached(NDList list) {
        NDList detached = new NDList(list.size());
        for (NDArray array : list) {
            detached.add(array.stopGradient());
        }
        return detached;
    }

    // ------------------------------------------------------------------ weights and masks

    private Terms weighted(Inputs inputs, boolean gradient) {
        NDList labels = constants(inputs.labels);
        boolean asIs = gradient || Recorder.isRecorded(batch(inputs.predictions));
        NDList predictions = asIs ? inputs.predictions : detached(inputs.predictions);
        Shape shape = unreducedShape(labels, predictions);
        if (shape.size() == 0) {
            return Terms.of(empty(batch(predictions), shape));
        }
        NDArray weight = inputs.weight;
        if (weight == null) {
            return terms(labels, predictions, gradient);
        }
        if (sampleWeighting == SampleWeighting.MASK) {
            NDArray mask = weight.getDataType().isBoolean() ? weight : weight.neq(0);
            Inputs filled = masked(mask, labels, predictions);
            Terms terms = terms(filled.labels, filled.predictions, gradient);
            mask = leading(mask, terms.values().getShape());
            return terms.withValues(Nd.where(mask, terms.values(), 0))
                    .withShares(Nd.where(mask, terms.sharesOrOnes(), 0));
        }
        Terms terms = terms(labels, predictions, gradient);
        NDArray values = terms.values();
        NDArray factor = leading(Nd.constant(weight, values), values.getShape());
        Terms weighted = terms.withValues(values.mul(factor));
        return sampleWeighting == SampleWeighting.MEAN_BY_WEIGHT
                ? weighted.withShares(terms.sharesOrOnes().mul(factor))
                : weighted;
    }

    /** Returns an empty array that keeps the graph connected, where engines fail in many ways. */
    private static NDArray empty(NDArray prediction, Shape shape) {
        if (prediction.size() == 0) {
            return prediction.reshape(shape);
        }
        // The gradient of what is broadcast to nothing is anything on some engines; the mask stops
        // it.
        NDArray zero = Nd.where(prediction.stopGradient().zerosLike().neq(0), prediction, 0).sum();
        return prediction.getManager().zeros(shape, prediction.getDataType()).add(zero);
    }

    /** Replaces what a mask hides, where its gradient could be NaN. */
    Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        return new Inputs(
                maskedLabels(mask, labels, predictions),
                maskedPredictions(mask, predictions),
                null);
    }

    /** Aligns a weight with the leading axes of a shape. */
    NDArray leading(NDArray weight, Shape shape) {
        return weight.getShape().dimension() == shape.dimension()
                ? weight
                : weight.reshape(alignment(weight.getShape(), shape));
    }

    private Shape alignment(Shape given, Shape shape) {
        boolean fits = given.dimension() <= shape.dimension();
        long[] aligned = new long[shape.dimension()];
        for (int i = 0; fits && i < aligned.length; i++) {
            aligned[i] = i < given.dimension() ? given.get(i) : 1;
            fits = aligned[i] == 1 || aligned[i] == shape.get(i);
        }
        if (!fits) {
            throw Checks.failure(
                    getName(),
                    "the sample weights (the last of labels)",
                    "have the shape " + shape + " of the values, or its leading axes",
                    given);
        }
        return new Shape(aligned);
    }

    // ------------------------------------------------------------------ checking

    private Inputs checked(NDList labels, NDList predictions) {
        String name = getName();
        if (predictions.isEmpty()) {
            throw new IllegalArgumentException(
                    name + ": predictions must hold at least one array, but held none");
        }
        NDArray first = predictions.get(0);
        DataType type = first.getDataType();
        for (int i = 0; i < predictions.size(); i++) {
            DataType given = predictions.get(i).getDataType();
            if (given != DataType.FLOAT32
                    && given != DataType.FLOAT64
                    && given != DataType.FLOAT16) {
                throw Checks.failure(
                        name, "predictions[" + i + "]", "be FLOAT32, FLOAT64 or FLOAT16", given);
            }
            if (given != type) {
                throw Checks.failure(
                        name,
                        "predictions[" + i + "]",
                        "have the data type " + type + " of predictions[0]",
                        given);
            }
            requireSamePlace("predictions", i, predictions.get(i), first);
        }
        NDArray weight = null;
        NDList targets = labels;
        if (sampleWeighting != SampleWeighting.NONE) {
            Checks.require(
                    !labels.isEmpty(),
                    name,
                    "labels",
                    "end with an array of sample weights (sampleWeighting is "
                            + sampleWeighting
                            + ")",
                    "empty");
            weight = labels.get(labels.size() - 1);
            targets = labels.subNDList(0, labels.size() - 1);
        }
        for (int i = 0; i < labels.size(); i++) {
            NDArray label = labels.get(i);
            // Which an engine may answer by ending the process.
            if (label.getDataType() == DataType.BFLOAT16) {
                throw Checks.failure(
                        name,
                        "labels[" + i + "]",
                        "have a data type that every engine converts",
                        label.getDataType());
            }
            requireSamePlace("labels", i, label, first);
            if (!labelGradient && label.hasGradient()) {
                throw new IllegalArgumentException(
                        name
                                + ": labels["
                                + i
                                + "] requires a gradient, but labels are constants here; build the"
                                + " loss with optLabelGradient(true), or swap the arguments:"
                                + " the order is evaluate(labels, predictions)");
            }
        }
        if (labelGradient) {
            for (int i = 0; i < targets.size(); i++) {
                DataType given = targets.get(i).getDataType();
                if (given.isFloating() && (given != type || type == DataType.FLOAT16)) {
                    throw Checks.failure(
                            name,
                            "labels[" + i + "]",
                            "have the data type of predictions[0], FLOAT32 or FLOAT64, to receive a"
                                    + " gradient",
                            given);
                }
            }
        }
        check(targets, predictions);
        if (weight != null) {
            alignment(weight.getShape(), unreducedShape(targets, predictions));
        }
        if (validation == Validation.STRICT) {
            for (int i = 0; i < predictions.size(); i++) {
                if (!Nd.allFinite(predictions.get(i))) {
                    throw Checks.failure(
                            name,
                            "predictions[" + i + "]",
                            "be finite (strict validation)",
                            "NaN or infinite");
                }
            }
            checkData(targets, predictions);
        }
        if (type == DataType.FLOAT16) {
            NDList wide = new NDList(predictions.size());
            for (NDArray prediction : predictions) {
                wide.add(Nd.widen(prediction, DataType.FLOAT32));
            }
            return new Inputs(targets, wide, weight);
        }
        return new Inputs(targets, predictions, weight);
    }

    private void requireSamePlace(String argument, int i, NDArray array, NDArray first) {
        if (array == first) {
            return;
        }
        if (array.getClass() != first.getClass()) {
            throw new IllegalArgumentException(
                    getName()
                            + ": "
                            + argument
                            + "["
                            + i
                            + "] must belong to the engine of"
                            + " predictions[0] ("
                            + first.getManager().getEngine().getEngineName()
                            + "), but belongs to "
                            + array.getManager().getEngine().getEngineName());
        }
        if (!array.getDevice().equals(first.getDevice())) {
            throw Checks.failure(
                    getName(),
                    argument + "[" + i + "]",
                    "be on the device of predictions[0] (" + first.getDevice() + ")",
                    "on " + array.getDevice());
        }
    }

    private NDArray keep(NDArray result, NDList labels, NDList predictions) {
        NDArray kept = result;
        for (NDList list : new NDList[] {labels, predictions}) {
            for (NDArray input : list) {
                // The caller may close the result, but not by that an input.
                kept = input == kept ? kept.add(0) : kept;
            }
        }
        NDManager owner = batch(predictions).getManager();
        if (kept.getManager() != owner) {
            kept.attach(owner);
        }
        return kept;
    }

    /**
     * Tells whether index data are read and rejected when out of range, as {@link Validation} says.
     *
     * @param array the index data
     * @return whether to read them
     */
    protected final boolean readsIndices(NDArray array) {
        return validation == Validation.STRICT
                || (validation == Validation.INDICES && !array.getDevice().isGpu());
    }

    /**
     * Returns the reduction.
     *
     * @return the reduction
     */
    public final Reduction getReduction() {
        return reduction;
    }

    // ------------------------------------------------------------------ accumulators

    /** {@inheritDoc} */
    @Override
    public void addAccumulator(String key) {
        accumulators.add(key);
    }

    /** {@inheritDoc} */
    @Override
    public void updateAccumulator(String key, NDList labels, NDList predictions) {
        updateAccumulators(new String[] {key}, labels, predictions);
    }

    /**
     * Adds a batch to accumulators. Computes no gradient; waits for the device once.
     *
     * @param keys the accumulators
     * @param labels the labels
     * @param predictions the predictions
     */
    @Override
    public void updateAccumulators(String[] keys, NDList labels, NDList predictions) {
        double numerator;
        double denominator;
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            Inputs inputs = checked(labels, predictions);
            if (reduction.function() != null) {
                numerator = Nd.toDoubles(reduced(inputs, false).sum())[0];
                denominator = 1;
            } else {
                Sum sum = sum(inputs, false);
                numerator = Nd.toDoubles(sum.numerator())[0];
                denominator = reduction == Reduction.SUM ? 0 : sum.divisor().toDouble();
            }
        }
        accumulators.update(keys, numerator, denominator);
    }

    /** {@inheritDoc} */
    @Override
    public void resetAccumulator(String key) {
        accumulators.reset(key);
    }

    /** {@inheritDoc} */
    @Override
    public float getAccumulator(String key) {
        return (float) getAccumulatorAsDouble(key);
    }

    /**
     * Returns the value of an accumulator in full precision.
     *
     * @param key the accumulator
     * @return Σ numerators / Σ denominators, NaN if nothing has been added
     */
    public double getAccumulatorAsDouble(String key) {
        Accumulators.Total total = accumulators.get(key);
        if (reduction == Reduction.SUM && total.updates() > 0) {
            return finish(total.numerator());
        }
        if (total.updates() > 0 && total.denominator() == 0 && emptyPolicy == EmptyPolicy.ZERO) {
            return 0;
        }
        return finish(total.numerator() / total.denominator());
    }

    /** What tells graphs of the formula apart. */
    private record Formula(boolean gradient, int predictions) {}

    /** What a loss works on: labels without weights, and predictions wide enough to sum. */
    record Inputs(NDList labels, NDList predictions, @Nullable NDArray weight) {}

    /** A sum of terms and what it is to be divided by. */
    private record Sum(NDArray numerator, Divisor divisor) {}
}
