/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.internal.core.Speculation;
import io.djlosses.internal.core.Traced;
import io.djlosses.internal.symbolic.Recorder;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The reading that defines a loss: its terms, weighted or masked, differentiated by the engine,
 * operation by operation or as one graph.
 */
final class Formula {

    /** What messages call the sample weights. */
    static final String SAMPLE_WEIGHTS = "the sample weights (the last of labels)";

    private Formula() {}

    /** The key of a graph among the graphs of a formula. */
    private record Form(Goal goal, int predictions) {}

    /** Computes the outcome of a request. */
    static Outcome compute(Request request) {
        Terms terms = Speculation.run(() -> weighted(request));
        NDArray values = terms.values();
        Goal goal = request.goal();
        if (goal.kind() == Goal.Kind.VALUES) {
            return Outcome.finished(values);
        }
        if (goal.isMean() && !goal.apart() && terms.isUniform()) {
            return Outcome.finished(request.loss().transform().of(Nd.mean(values)));
        }
        return Outcome.of(Nd.sum(values), terms.divisor());
    }

    /** Computes the outcome of a request with a graph, or returns null if there is none. */
    static @Nullable Outcome record(Request request) {
        if (Traced.is(request.batch())) {
            return null;
        }
        boolean gradient = request.goal().gradient();
        NDList predictions = request.predictions();
        int count = predictions.size();
        int weighted = count + request.labels().size();
        // Detached here if no gradient is needed: in a graph, detaching would be a copy.
        NDList arrays = new NDList(gradient ? predictions : Request.detached(predictions));
        // Labels too, which two losses may share: the backward pass of one result would free them
        // for the other.
        arrays.addAll(gradient ? request.constants() : request.labels());
        NDArray weight = request.weight();
        if (weight != null) {
            arrays.add(weight.stopGradient());
        }
        Recorder.Results results =
                request.loss()
                        .recorder()
                        .run(
                                new Form(request.goal(), count),
                                arrays,
                                given ->
                                        results(
                                                request.with(
                                                        given.subNDList(count, weighted),
                                                        given.subNDList(0, count),
                                                        given.size() > weighted
                                                                ? given.get(weighted)
                                                                : null)));
        if (results == null) {
            return null;
        }
        NDList heads = results.heads();
        if (!request.goal().apart()) {
            return Outcome.finished(heads.head());
        }
        return Outcome.of(
                heads.head(),
                heads.size() > 1 ? Divisor.of(heads.get(1)) : Divisor.of(results.number()));
    }

    private static Recorder.Results results(Request request) {
        Outcome outcome = compute(request);
        if (outcome.isFinished()) {
            return new Recorder.Results(new NDList(outcome.result()), 0);
        }
        if (!request.goal().apart()) {
            return new Recorder.Results(new NDList(Evaluation.finish(request, outcome)), 0);
        }
        NDArray numerator = outcome.numerator(request.predictions());
        Divisor divisor = outcome.divisor();
        return divisor.isKnown()
                ? new Recorder.Results(new NDList(numerator), divisor.toDouble())
                : new Recorder.Results(new NDList(numerator, divisor.toArray(numerator)), 0);
    }

    // ------------------------------------------------------------------ weights and masks

    private static Terms weighted(Request request) {
        AbstractLoss loss = request.loss();
        Goal goal = request.goal();
        NDList labels = request.constants();
        boolean asIs = goal.gradient() || Traced.is(request.batch());
        NDList predictions = asIs ? request.predictions() : Request.detached(request.predictions());
        Shape shape = loss.unreducedShape(labels, predictions);
        if (shape.size() == 0) {
            return Terms.of(empty(loss.batch(predictions), shape));
        }
        NDArray weight = request.weight();
        if (weight == null) {
            return loss.terms(labels, predictions, goal);
        }
        SampleWeighting weighting = loss.options().sampleWeighting();
        if (weighting == SampleWeighting.MASK) {
            Terms terms = loss.terms(labels, predictions, goal);
            if (!fits(weight.getShape(), shape)) {
                return terms; // it hides elements of the values
            }
            NDArray mask = leading(weight, terms.values().getShape());
            return terms.withValues(Nd.where(mask, terms.values(), 0))
                    .withShares(Nd.where(mask, terms.sharesOrOnes(), 0));
        }
        Terms terms = loss.terms(labels, predictions, goal);
        NDArray values = terms.values();
        NDArray factor = leading(Nd.constant(weight, values), values.getShape());
        Terms scaled = terms.withValues(values.mul(factor));
        return weighting == SampleWeighting.MEAN_BY_WEIGHT
                ? scaled.withShares(terms.sharesOrOnes().mul(factor))
                : scaled;
    }

    /**
     * Returns an empty array that keeps the graph connected, a case in which engines fail in
     * various ways.
     */
    private static NDArray empty(NDArray prediction, Shape shape) {
        if (prediction.size() == 0) {
            return prediction.reshape(shape);
        }
        // On some engines the gradient of an array broadcast to an empty shape is arbitrary; the
        // mask stops it.
        NDArray zero = Nd.where(prediction.stopGradient().zerosLike().neq(0), prediction, 0).sum();
        return prediction.getManager().zeros(shape, prediction.getDataType()).add(zero);
    }

    /** Aligns a weight with the leading axes of a shape. */
    static NDArray leading(NDArray weight, Shape shape) {
        return Nd.withRank(weight, shape.dimension());
    }

    /** Returns an aligned mask with all axes of what it hides. */
    static NDArray axes(AbstractLoss loss, NDArray mask, NDList labels, NDList predictions) {
        Shape values = loss.unreducedShape(labels, predictions);
        boolean hidesValues = fits(mask.getShape(), values);
        return leading(mask, hidesValues ? values : loss.maskedShape(labels, predictions));
    }

    /** Returns a weight without a superfluous axis of size 1, or throws if it does not fit. */
    static NDArray aligned(AbstractLoss loss, NDArray weight, NDList labels, NDList predictions) {
        Shape given = weight.getShape();
        Shape values = loss.unreducedShape(labels, predictions);
        if (fits(given, values)) {
            return weight;
        }
        boolean isMask = loss.options().sampleWeighting() == SampleWeighting.MASK;
        Shape elements = isMask ? loss.maskedShape(labels, predictions) : values;
        if (fits(given, elements)) {
            return weight;
        }
        for (Shape shape : List.of(values, elements)) {
            for (int i = 0; i < given.dimension(); i++) {
                Shape rest = given.slice(0, i).addAll(given.slice(i + 1));
                if (given.get(i) == 1
                        && given.dimension() == shape.dimension() + 1
                        && fits(rest, shape)) {
                    return weight.reshape(rest);
                }
            }
        }
        throw Checks.failure(
                loss.getName(),
                SAMPLE_WEIGHTS,
                "have the shape " + elements + " of the values, or its leading axes",
                given);
    }

    /** Returns whether a weight has a shape, or its leading axes, with size 1 for some of them. */
    private static boolean fits(Shape given, Shape shape) {
        boolean fits = given.dimension() <= shape.dimension();
        for (int i = 0; fits && i < given.dimension(); i++) {
            fits = given.get(i) == 1 || given.get(i) == shape.get(i);
        }
        return fits;
    }
}
