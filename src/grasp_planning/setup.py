from setuptools import find_packages, setup

package_name = "grasp_planning"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="Grasping stack maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    description="Grasp types, grasp planners and the way from an image grasp to a pose in the robot frame.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "grasp_planner = grasp_planning.nodes.grasp_planner:main",
        ],
        "grasp_planning.planners": [
            "antipodal = grasp_planning.antipodal:AntipodalPlanner",
            "ggcnn2 = grasp_planning.generative.planner:GGCNN2Planner",
            "grconvnet = grasp_planning.generative.planner:GRConvNetPlanner",
            "unet = grasp_planning.generative.planner:UNetPlanner",
        ],
    },
)
