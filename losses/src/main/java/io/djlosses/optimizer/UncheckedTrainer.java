/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.optimizer;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.util.Pair;

import io.djlosses.api.Checks;

import java.util.Arrays;
import java.util.function.Predicate;

/**
 * A trainer without DJL's check of the first gradients, on one device.
 *
 * <p>In its first {@code step} DJL's {@link Trainer} adds up all gradients and throws "Gradient
 * values are all zeros" if the sum is 0, to detect a missing backward pass. This trainer does not,
 * because the sum can be 0 for other reasons:
 *
 * <ul>
 *   <li>all margins of the first batch are satisfied, or all of its targets are ignored,
 *   <li>the gradients cancel, like those of a softmax over the weights of one layer, or those of
 *       the two sides of a ranking,
 *   <li>the model is FLOAT64: DJL reads the sum as FLOAT32 and always throws.
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * try (Trainer trainer = new UncheckedTrainer(model, config)) { // not model.newTrainer(config)
 *     trainer.initialize(new Shape(1, features));
 *     EasyTrain.fit(trainer, epochs, training, validation);
 * }
 * }</pre>
 */
public final class UncheckedTrainer extends Trainer {

    private final Optimizer optimizer;

    /**
     * Creates a trainer, like {@link Model#newTrainer}.
     *
     * @param model the model, which is on the device of the configuration
     * @param config the configuration, with one device
     * @throws IllegalArgumentException if the model is on another device
     */
    public UncheckedTrainer(Model model, TrainingConfig config) {
        super(model, config);
        Checks.require(
                getDevices().length == 1
                        && getDevices()[0].equals(model.getNDManager().getDevice()),
                "UncheckedTrainer",
                "devices",
                "be the device of the model alone (" + model.getNDManager().getDevice() + ")",
                Arrays.toString(getDevices()));
        optimizer = config.getOptimizer();
        for (Pair<Initializer, Predicate<Parameter>> pair : config.getInitializers()) {
            model.getBlock().setInitializer(pair.getKey(), pair.getValue());
        }
    }

    /** Updates all trainable parameters, whatever their gradients are. */
    @Override
    public void step() {
        long begin = System.nanoTime();
        getModel().getBlock().getParameters().values().stream()
                .filter(Parameter::requiresGradient)
                .distinct()
                .forEach(this::update);
        addMetric("step", begin);
    }

    private void update(Parameter parameter) {
        NDArray weight = parameter.getArray();
        try (NDArray gradient = weight.getGradient()) {
            optimizer.update(parameter.getId(), weight, gradient);
        }
    }
}
